"""A TOML file of settings on its way to the box as JSON."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from appliance.errors import ConfigurationError


def settings_json(path: Path | None) -> str:
    """The file's content as JSON, empty for no file. Raises ConfigurationError."""
    if path is None:
        return ""
    try:
        return json.dumps(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}") from None
    except TypeError:
        raise ConfigurationError(f"{path} holds a date or time, which no setting is") from None
