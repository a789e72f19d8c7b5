"""Inputs to compare a graph with its source on: a vendor's own, or generated ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from provisioning.importer.arrays import read_named
from provisioning.importer.port import Port
from serving.domain.errors import InvalidRequest
from serving.domain.tensor import Datatype

SEED = 7
_INTEGERS = {
    Datatype.BOOL: (0, 1),
    Datatype.UINT8: (0, 255),
    Datatype.INT16: (-1024, 3071),  # Hounsfield units of 12-bit CT
}
_INDICES = (0, 1)
"""Other integers are mostly indices and flags, and out of range they are no fair test."""


def generate(
    ports: Sequence[Port], shapes: Mapping[str, tuple[int, ...]], seed: int = SEED
) -> list[NDArray[Any]]:
    """One array for each input: floats drawn from N(0, 1), integers evenly from a usual range."""
    generator = np.random.default_rng(seed)
    arrays = []
    values: NDArray[Any]
    for port in ports:
        if port.datatype in (Datatype.FP16, Datatype.FP32, Datatype.FP64):
            values = generator.standard_normal(shapes[port.name], np.float32)
        else:
            low, high = _INTEGERS.get(port.datatype, _INDICES)
            values = generator.integers(low, high, shapes[port.name], endpoint=True)
        arrays.append(values.astype(port.datatype.numpy))
    return arrays


def given(path: Path, ports: Sequence[Port]) -> list[NDArray[Any]]:
    """The vendor's arrays in the order of the inputs. Raises InvalidRequest where one differs."""
    arrays = read_named(path)
    names = {port.name for port in ports}
    if arrays.keys() != names:
        raise InvalidRequest(
            f"{path.name} holds the arrays {', '.join(sorted(arrays)) or 'none'}; "
            f"the model's inputs are {', '.join(sorted(names))}"
        )
    for port in ports:
        _check(arrays[port.name], port, path)
    return [np.ascontiguousarray(arrays[port.name]) for port in ports]


def _check(array: NDArray[Any], port: Port, path: Path) -> None:
    fits = len(array.shape) == len(port.shape) and all(
        wanted in (-1, size) for wanted, size in zip(port.shape, array.shape, strict=True)
    )
    if array.dtype != port.datatype.numpy or not fits:
        raise InvalidRequest(
            f"{port.name} in {path.name} is {array.dtype} {list(array.shape)}; "
            f"the model takes {port.datatype} {list(port.shape)}"
        )
