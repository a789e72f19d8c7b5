"""Versions of tiny models whose answers tell which version answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from appliance.client import AiboxClient
from serving.engine.runtime import ov
from tests.unit.engine import tiny_models as tiny

MODEL = "times"
X = np.array([1.0, 2.0], np.float32)


def times(factor: float) -> Any:
    """A network that multiplies by a number."""
    x = tiny.parameter([2])
    product = ov.opset13.multiply(x, ov.opset13.constant(np.float32(factor)))
    return ov.Model([tiny.result(product)], [x], MODEL)


def write(repository: Path, version: int, *, extra: str = "") -> Path:
    """Version n multiplies by n."""
    return tiny.write_version(repository, MODEL, times(version), version, extra=extra)


def answering(address: str) -> int:
    """The version that answers at an address."""
    with AiboxClient(address) as client:
        return int(client.infer(MODEL, {"x": X})["y"][0])
