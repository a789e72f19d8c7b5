"""The shape to run an input in where the model leaves dimensions open."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from provisioning.importer.port import Port
from serving.domain.errors import InvalidRequest
from serving.domain.manifest import Preprocessing

_SIDE = 256
_LENGTH = 16
_MOST_ELEMENTS = 2**30


def run_shapes(
    ports: Sequence[Port],
    given: Mapping[str, tuple[int, ...]],
    preprocessing: Preprocessing | None,
) -> dict[str, tuple[int, ...]]:
    """By input name: the given shape, else 1 for the batch and a sensible size for the rest.

    Raises InvalidRequest where a given shape does not fit, or is of no input.
    """
    if unknown := sorted(given.keys() - {port.name for port in ports}):
        known = ", ".join(port.name for port in ports)
        raise InvalidRequest(f"the model has no input {unknown[0]}; its inputs are {known}")
    return {
        port.name: _checked(port, given[port.name])
        if port.name in given
        else _sensible(port, preprocessing)
        for port in ports
    }


def _checked(port: Port, shape: tuple[int, ...]) -> tuple[int, ...]:
    fits = len(shape) == len(port.shape) and all(
        size > 0 and wanted in (-1, size) for wanted, size in zip(port.shape, shape, strict=True)
    )
    if not fits or math.prod(shape) > _MOST_ELEMENTS:
        raise InvalidRequest(
            f"input {port.name} cannot have the shape {list(shape)}; it takes {list(port.shape)}"
        )
    return shape


def _sensible(port: Port, preprocessing: Preprocessing | None) -> tuple[int, ...]:
    rank = len(port.shape)
    sizes = [1, *[_SIDE if rank >= 4 else _LENGTH] * (rank - 1)][:rank]
    if rank == 4 and preprocessing is not None:
        at = 1 if port.shape[3] in (1, 3) else 2  # channels last, else first
        sizes[at : at + 2] = [preprocessing.rows, preprocessing.columns]
    return tuple(
        fixed if fixed != -1 else size for fixed, size in zip(port.shape, sizes, strict=True)
    )
