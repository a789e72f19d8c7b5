"""The Cholesky factor of the support's Gram matrix, kept up as features enter and leave."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from serving.radiomics.selection.lasso_folds import FloatArray, IntArray
from serving.radiomics.selection.lasso_vectors import dot, dot_four, subtract_four

_ABREAST = 4
"""Rows that a solution takes at once; the code counts on four."""
LEAST_PIVOT = 1e-10
"""Share of a column's squares that the support must leave unexplained for it to enter."""


class Factor(NamedTuple):
    """`upper` transposed times `upper` is the Gram matrix of the support, in order of entry."""

    upper: FloatArray
    """(room, room): rows are contiguous, so that all work on it goes along them."""
    slot: IntArray
    """(room,): a supporter's slot in the working set."""
    sign: FloatArray
    """(room,): of its coefficient."""
    size: IntArray
    """(1,): supporters."""


@njit(cache=True, nogil=True)
def empty_factor(room: int) -> Factor:
    """The factor of no support, with room for as many supporters; memory not used costs nothing."""
    upper = np.empty((room, room))
    return Factor(upper, np.zeros(room, np.int64), np.zeros(room), np.zeros(1, np.int64))


@njit(cache=True, nogil=True)
def append_all(
    factor: Factor, gram: FloatArray, slots: IntArray, signs: FloatArray, least_pivot: float
) -> bool:
    """Takes features into the support, up to the first that it explains: then False.

    `least_pivot`: share of a column's squares that the support must leave unexplained.
    """
    size, count = factor.size[0], len(slots)
    upper = factor.upper
    if size + count > len(factor.slot):
        return False
    columns = np.empty((count, size + count))
    for k in range(count):
        columns[k, :size] = gram[slots[k]][factor.slot[:size]]
    _solve_lower(upper, columns, 0, size)
    for k in range(count):
        own, last = columns[k], size + k
        for other in range(k):
            done = size + other
            own[done] = gram[slots[k], slots[other]] - dot(own[:done], columns[other])
            own[done] /= upper[done, done]
        pivot = gram[slots[k], slots[k]] - dot(own[:last], own)
        if pivot <= least_pivot * gram[slots[k], slots[k]]:
            return False
        upper[:last, last] = own[:last]
        upper[last, last] = np.sqrt(pivot)
        factor.slot[last] = slots[k]
        factor.sign[last] = signs[k]
        factor.size[0] = last + 1
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


@njit(cache=True, nogil=True)
def solve(upper: FloatArray, right: FloatArray) -> None:
    """Turns `right` (support,) into the solution of Gram times x = right, in place.

    Its leading zeros cost nothing: after an entry only the last few are none.
    """
    first = 0
    while first < len(right) and right[first] == 0.0:
        first += 1
    first -= first % _ABREAST
    _solve_lower(upper, right.reshape(1, len(right)), first, len(right))
    _solve_upper(upper, right)


@njit(cache=True, nogil=True)
def _solve_lower(upper: FloatArray, rights: FloatArray, begin: int, count: int) -> None:
    """Turns the first `count` entries of each row of `rights` into the solution of transposed
    `upper` times x = row, in place; those before `begin` are zero, and stay so.

    Rows of `upper` stay in the cache for all of `rights`.
    """
    for first in range(begin, count, _ABREAST):
        last = min(first + _ABREAST, count)
        if last < count:
            one, two = upper[first, last:count], upper[first + 1, last:count]
            three, four = upper[first + 2, last:count], upper[first + 3, last:count]
        for row in range(len(rights)):
            right = rights[row]
            for i in range(first, last):
                right[i] /= upper[i, i]
                for k in range(i + 1, last):
                    right[k] -= right[i] * upper[i, k]
            if last < count:
                subtract_four(right[last:count], right[first:last], one, two, three, four)


@njit(cache=True, nogil=True)
def _solve_upper(upper: FloatArray, right: FloatArray) -> None:
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
