"""The Cholesky factor of the support's Gram matrix, kept up as features enter and leave."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from serving.radiomics.selection.lasso_folds import FloatArray
from serving.radiomics.selection.lasso_working_set import IntArray

_FIRST_ROOM = 64
_ABREAST = 4
"""Rows that a solution takes at once; the code counts on four."""
_LEAST_PIVOT = 1e-10
"""Share of a column's squares that the support must leave unexplained for it to enter."""


class Factor(NamedTuple):
    """`upper` transposed times `upper` is the Gram matrix of the support, in order of entry."""

    upper: FloatArray
    """(room, room): rows are contiguous, so that all work on it goes along them."""
    slot: IntArray
    """(room,): a supporter's slot in the working set."""
    sign: FloatArray
    """(room,): of its coefficient."""
    half: FloatArray
    """(room,): the solution of transposed `upper` times x = `sign`."""
    size: IntArray
    """(1,): supporters."""


@njit(cache=True, nogil=True)
def empty_factor() -> Factor:
    """The factor of no support."""
    room = _FIRST_ROOM
    upper = np.empty((room, room))
    slot, size = np.zeros(room, np.int64), np.zeros(1, np.int64)
    return Factor(upper, slot, np.zeros(room), np.zeros(room), size)


@njit(cache=True, nogil=True)
def with_room(factor: Factor) -> Factor:
    """The same factor with room for at least one more."""
    kept = factor.size[0]
    if kept < len(factor.slot):
        return factor
    upper = np.empty((2 * kept, 2 * kept))
    slot = np.zeros(2 * kept, np.int64)
    sign = np.zeros(2 * kept)
    upper[:kept, :kept] = factor.upper
    slot[:kept] = factor.slot
    sign[:kept] = factor.sign
    half = np.zeros(2 * kept)
    half[:kept] = factor.half
    return Factor(upper, slot, sign, half, factor.size)


@njit(cache=True, nogil=True)
def append(factor: Factor, gram: FloatArray, slot: int, sign: float) -> bool:
    """Takes a feature into the support; False, and no change, where the support explains it."""
    size = factor.size[0]
    upper = factor.upper
    row = gram[slot]
    column = row[factor.slot[:size]]
    solve_lower(upper, column)
    pivot = row[slot] - np.dot(column, column)
    if pivot <= _LEAST_PIVOT * row[slot]:
        return False
    upper[:size, size] = column
    upper[size, size] = np.sqrt(pivot)
    factor.half[size] = (sign - np.dot(column, factor.half[:size])) / upper[size, size]
    factor.slot[size] = slot
    factor.sign[size] = sign
    factor.size[0] = size + 1
    return True


@njit(cache=True, nogil=True)
def remove(factor: Factor, place: int) -> None:
    """Takes the supporter at `place` out, by a rank-one update of the rows below it."""
    size = factor.size[0]
    upper, slot, sign = factor.upper, factor.slot, factor.sign
    lost = upper[place, place + 1 : size].copy()
    for k in range(place, size - 1):
        slot[k] = slot[k + 1]
        sign[k] = sign[k + 1]
    for i in range(place):
        _shift(upper[i], upper[i], place, size)
    for i in range(place, size - 1):
        _shift(upper[i], upper[i + 1], i, size)
    factor.size[0] = size - 1
    for i in range(len(lost)):
        _rotate(upper[place + i, place + i : size - 1], lost[i:])
    half = factor.half[: size - 1]
    half[:] = sign[: size - 1]
    solve_lower(upper, half)


@njit(cache=True, nogil=True)
def direction(factor: Factor) -> FloatArray:
    """(support,): how the coefficients grow as alpha falls."""
    found = factor.half[: factor.size[0]].copy()
    solve_upper(factor.upper, found)
    return found


@njit(cache=True, nogil=True)
def solve(upper: FloatArray, right: FloatArray) -> None:
    """Turns `right` (support,) into the solution of Gram times x = right, in place."""
    solve_lower(upper, right)
    solve_upper(upper, right)


@njit(cache=True, nogil=True)
def solve_lower(upper: FloatArray, right: FloatArray) -> None:
    """Turns `right` into the solution of transposed `upper` times x = right, in place."""
    count = len(right)
    for first in range(0, count, _ABREAST):
        last = min(first + _ABREAST, count)
        for i in range(first, last):
            right[i] /= upper[i, i]
            for k in range(i + 1, last):
                right[k] -= right[i] * upper[i, k]
        if last < count:
            _subtract_rows(right, upper, first)


@njit(cache=True, nogil=True)
def solve_upper(upper: FloatArray, right: FloatArray) -> None:
    """Turns `right` into the solution of `upper` times x = right, in place."""
    count = len(right)
    for first in range((count - 1) // _ABREAST * _ABREAST, -1, -_ABREAST):
        last = min(first + _ABREAST, count)
        if last < count:
            _subtract_products(right, upper, first)
        for i in range(last - 1, first - 1, -1):
            for k in range(i + 1, last):
                right[i] -= upper[i, k] * right[k]
            right[i] /= upper[i, i]


@njit(cache=True, nogil=True)
def _shift(to: FloatArray, row: FloatArray, first: int, size: int) -> None:
    for k in range(first, size - 1):
        to[k] = row[k + 1]


@njit(cache=True, nogil=True, fastmath={"contract"})
def _rotate(row: FloatArray, lost: FloatArray) -> None:
    """One step of the update: `row` takes up `lost`'s first entry, what is left goes on."""
    length = np.hypot(row[0], lost[0])
    cosine = row[0] / length
    sine = lost[0] / length
    for k in range(len(row)):
        old = row[k]
        row[k] = cosine * old + sine * lost[k]
        lost[k] = cosine * lost[k] - sine * old


@njit(cache=True, nogil=True, fastmath={"contract"})
def _subtract_rows(right: FloatArray, upper: FloatArray, first: int) -> None:
    """Subtracts from what follows the rows from `first` on, times their entries of `right`.

    Some rows at once: a row at a time would read what the row before has just written, one entry
    off, for which a processor has to wait.
    """
    a, b, c, d = right[first], right[first + 1], right[first + 2], right[first + 3]
    for k in range(first + _ABREAST, len(right)):
        row = a * upper[first, k] + b * upper[first + 1, k]
        right[k] -= row + (c * upper[first + 2, k] + d * upper[first + 3, k])


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _subtract_products(right: FloatArray, upper: FloatArray, first: int) -> None:
    """Subtracts from the entries from `first` on what their rows owe to the entries after them."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for k in range(first + _ABREAST, len(right)):
        a += upper[first, k] * right[k]
        b += upper[first + 1, k] * right[k]
        c += upper[first + 2, k] * right[k]
        d += upper[first + 3, k] * right[k]
    right[first] -= a
    right[first + 1] -= b
    right[first + 2] -= c
    right[first + 3] -= d
