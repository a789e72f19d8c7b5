"""`call_repository.py ADDRESS`: tritonclient's repository calls, unmodified; prints JSON.

A process of its own: tritonclient brings its own copy of the protocol's messages.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException


def main(address: str) -> None:
    """Loads and unloads the model `times`, and asks for what cannot be."""
    with triton.InferenceServerClient(address) as client:
        told = {"before": _index(client)}
        told["unload"] = _told(lambda: client.unload_model("times"))
        told["ready"] = client.is_model_ready("times")
        told["between"] = _index(client)
        told["load"] = _told(lambda: client.load_model("times"))
        told["after"] = _index(client)
        told["unknown"] = _told(lambda: client.load_model("nobody"))
        told["configured"] = _told(lambda: client.load_model("times", config="{}"))
    sys.stdout.write(json.dumps(told))


def _index(client: triton.InferenceServerClient) -> dict[str, str]:
    models = client.get_model_repository_index().models
    return {f"{model.name} {model.version}": model.state for model in models}


def _told(call: Callable[[], object]) -> str:
    try:
        call()
    except InferenceServerException as error:
        return str(error.status()).removeprefix("StatusCode.")
    return "OK"


if __name__ == "__main__":
    main(sys.argv[1])
