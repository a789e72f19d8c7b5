"""The Cholesky factor of the support's Gram matrix, kept up as features enter and leave."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from serving.radiomics.selection.lasso_folds import FloatArray, IntArray
from serving.radiomics.selection.lasso_vectors import dot_four, subtract, subtract_four

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
def empty_factor(room: int) -> Factor:
    """The factor of no support, with room for as many supporters; memory not used costs nothing."""
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
    solve_lower(upper, column, 0)
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
        _copy(upper[i, place : size - 1], upper[i, place + 1 : size])
    for i in range(place, size - 1):
        _copy(upper[i, i : size - 1], upper[i + 1, i + 1 : size])
    factor.size[0] = size - 1
    for i in range(len(lost)):
        _rotate(upper[place + i, place + i : size - 1], lost[i:])
    _renew_half(factor, place)


@njit(cache=True, nogil=True)
def _renew_half(factor: Factor, first: int) -> None:
    """Computes `half` from `first` on anew; what stands before it depends on earlier rows only."""
    half = factor.half[: factor.size[0]]
    for k in range(first, len(half)):
        half[k] = factor.sign[k]
    for i in range(first):
        subtract(half[first:], half[i], factor.upper[i, first : len(half)])
    solve_lower(factor.upper, half, first)


@njit(cache=True, nogil=True)
def direction(factor: Factor) -> FloatArray:
    """(support,): how the coefficients grow as alpha falls."""
    found = factor.half[: factor.size[0]].copy()
    solve_upper(factor.upper, found)
    return found


@njit(cache=True, nogil=True)
def solve(upper: FloatArray, right: FloatArray) -> None:
    """Turns `right` (support,) into the solution of Gram times x = right, in place."""
    solve_lower(upper, right, 0)
    solve_upper(upper, right)


@njit(cache=True, nogil=True)
def solve_lower(upper: FloatArray, right: FloatArray, done: int) -> None:
    """Turns `right` into the solution of transposed `upper` times x = right, in place.

    `done`: entries that hold the solution already, and were subtracted from the rest.
    """
    count = len(right)
    for first in range(done, count, _ABREAST):
        last = min(first + _ABREAST, count)
        for i in range(first, last):
            right[i] /= upper[i, i]
            for k in range(i + 1, last):
                right[k] -= right[i] * upper[i, k]
        if last < count:
            one, two = upper[first, last:count], upper[first + 1, last:count]
            three, four = upper[first + 2, last:count], upper[first + 3, last:count]
            subtract_four(right[last:], right[first:last], one, two, three, four)


@njit(cache=True, nogil=True)
def solve_upper(upper: FloatArray, right: FloatArray) -> None:
    """Turns `right` into the solution of `upper` times x = right, in place."""
    count = len(right)
    for first in range((count - 1) // _ABREAST * _ABREAST, -1, -_ABREAST):
        last = min(first + _ABREAST, count)
        if last < count:
            one, two = upper[first, last:count], upper[first + 1, last:count]
            three, four = upper[first + 2, last:count], upper[first + 3, last:count]
            a, b, c, d = dot_four(right[last:], one, two, three, four)
            right[first] -= a
            right[first + 1] -= b
            right[first + 2] -= c
            right[first + 3] -= d
        for i in range(last - 1, first - 1, -1):
            for k in range(i + 1, last):
                right[i] -= upper[i, k] * right[k]
            right[i] /= upper[i, i]


@njit(cache=True, nogil=True)
def _copy(to: FloatArray, values: FloatArray) -> None:
    """Front to back, as `to` may begin one entry before `values` in the same row."""
    for k in range(len(to)):
        to[k] = values[k]


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
