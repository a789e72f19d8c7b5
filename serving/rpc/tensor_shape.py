"""Shapes as they come over the wire, checked before any memory is taken for them."""

from __future__ import annotations

from collections.abc import Sequence

from serving.domain.errors import InvalidRequest

MAX_RANK = 32
MAX_ELEMENTS = 1 << 40
"""Of the dimensions that are not zero: keeps numpy's own size arithmetic far from overflow."""


def checked_shape(dims: Sequence[int], where: str) -> tuple[int, ...]:
    """The shape, where it is one. Raises InvalidRequest: negative, too many or too large dims."""
    if len(dims) > MAX_RANK:
        raise InvalidRequest(f"{where} has {len(dims)} dimensions; at most {MAX_RANK} are taken")
    shape = tuple(dims)
    span = 1
    for dim in shape:
        if dim < 0:
            raise InvalidRequest(
                f"{where} has the shape {list(shape)}; every dimension of a request is 0 or more"
            )
        span *= dim or 1
    if span > MAX_ELEMENTS:
        raise InvalidRequest(f"{where} has the shape {list(shape)}, which no request can hold")
    return shape


def element_count(shape: tuple[int, ...]) -> int:
    """Product of the dimensions; 1 for a scalar."""
    count = 1
    for dim in shape:
        count *= dim
    return count
