"""Compares what the box computes with what the source framework does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.domain.errors import InvalidRequest


def largest_difference(
    wanted: Sequence[NDArray[Any]], got: Sequence[NDArray[Any]], names: Sequence[str]
) -> float:
    """Largest |a - b| / max(1, |b|) over all outputs, b the source framework's.

    Raises InvalidRequest where outputs differ in number or shape, or where one of the two is not
    finite and the other is.
    """
    if len(wanted) != len(got):
        raise InvalidRequest("the converted graph has another number of outputs than its source")
    return max(
        (_difference(b, a, name) for b, a, name in zip(wanted, got, names, strict=True)),
        default=0.0,
    )


def _difference(wanted: NDArray[Any], got: NDArray[Any], name: str) -> float:
    if wanted.shape != got.shape:
        raise InvalidRequest(
            f"output {name} has the shape {list(got.shape)} once converted, "
            f"{list(wanted.shape)} in the source framework"
        )
    reference, value = wanted.astype(np.float64), got.astype(np.float64)
    finite = np.isfinite(reference)
    same = np.array_equal(reference[~finite], value[~finite], equal_nan=True)
    if not same or not np.isfinite(value[finite]).all():
        raise InvalidRequest(
            f"output {name} is not finite where the source framework's is, or the reverse; "
            "try other inputs with --inputs, or look for an overflow in the model"
        )
    if not finite.any():
        return 0.0
    scaled = np.abs(value[finite] - reference[finite]) / np.maximum(1.0, np.abs(reference[finite]))
    return float(scaled.max())


def require_parity(difference: float, tolerance: float, reference: str) -> None:
    """Raises InvalidRequest where the difference is over the tolerance."""
    if not difference <= tolerance:
        raise InvalidRequest(
            f"the converted graph differs from {reference} by {difference:.3g}, "
            f"over the tolerance of {tolerance:g}; it is not imported"
        )
