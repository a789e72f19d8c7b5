"""The box from Python: `from appliance.client import AiboxClient`."""

from appliance.client.box import AiboxClient

__all__ = ["AiboxClient"]
