"""The inverse of the support's Cholesky factor, kept up as features enter and leave.

With the inverse a solution is two products of a matrix and a vector, which need not wait for one
entry after the other as a substitution does; both take the same pass over it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from serving.radiomics.selection.lasso_folds import FloatArray, IntArray
from serving.radiomics.selection.lasso_vectors import ABREAST, padded, project

LEAST_PIVOT = 1e-10
"""Share of a column's squares that the support must leave unexplained for it to enter."""


class Factor(NamedTuple):
    """`inverse` transposed times `inverse` is the inverse of the support's Gram matrix."""

    inverse: FloatArray
    """(room, padded room): of the lower Cholesky factor, in order of entry; after the diagonal 0,
    as far as a pass may read.
    """
    slot: IntArray
    """(room,): a supporter's slot in the working set."""
    sign: FloatArray
    """(room,): of its coefficient."""
    size: IntArray
    """(1,): supporters."""


@njit(cache=True, nogil=True)
def empty_factor(inverse: FloatArray) -> Factor:
    """The factor of no support; `inverse` (room, padded room): memory for as many supporters."""
    room = len(inverse)
    return Factor(inverse, np.zeros(room, np.int64), np.zeros(room), np.zeros(1, np.int64))


@njit(cache=True, nogil=True)
def append_all(
    factor: Factor, gram: FloatArray, slots: IntArray, signs: FloatArray, least_pivot: float
) -> bool:
    """Takes features into the support, up to the first that it explains: then False.

    `least_pivot`: share of a column's squares that the support must leave unexplained.
    """
    size, count = factor.size[0], len(slots)
    if size + count > len(factor.slot):
        return False
    inverse = factor.inverse
    columns = np.zeros((count, padded(size + count)))
    explained = np.zeros((count, padded(size + count)))
    squares = np.zeros(count)
    for k in range(count):
        row = gram[slots[k]]
        columns[k, :size] = row[factor.slot[:size]]
        for other in range(k):
            columns[k, size + other] = row[slots[other]]
    project(inverse, 0, size, columns, explained, squares)
    for k in range(count):
        last = size + k
        own, squared = explained[k : k + 1], squares[k : k + 1]
        project(inverse, size, last, columns[k : k + 1], own, squared)
        whole = gram[slots[k], slots[k]]
        pivot = whole - squared[0]
        if pivot <= least_pivot * whole:
            return False
        length = np.sqrt(pivot)
        inverse[last, :last] = own[0, :last] / -length
        inverse[last, last] = 1.0 / length
        inverse[last, last + 1 : padded(last + ABREAST)] = 0.0
        factor.slot[last] = slots[k]
        factor.sign[last] = signs[k]
        factor.size[0] = last + 1
    return True


@njit(cache=True, nogil=True)
def remove(factor: Factor, place: int) -> FloatArray:
    """Takes the supporter at `place` out: the rows from there on are turned until the last alone
    knows of it. Returns that row (support,): the others' solution loses as much of it as makes the
    one at `place` zero.
    """
    size = factor.size[0]
    inverse, slot, sign = factor.inverse, factor.slot, factor.sign
    carried = np.zeros(size)
    carried[: place + 1] = inverse[place, : place + 1]
    for k in range(place, size - 1):
        slot[k] = slot[k + 1]
        sign[k] = sign[k + 1]
        below = inverse[k + 1]
        length = np.hypot(carried[place], below[place])
        cosine, sine = carried[place] / length, below[place] / length
        _turn(inverse[k, :place], carried, below, cosine, sine)
        carried[place] = length
        after = place + 1
        _turn(inverse[k, place : k + 1], carried[after:], below[after:], cosine, sine)
    factor.size[0] = size - 1
    return carried


@njit(cache=True, nogil=True)
def solve(factor: Factor, right: FloatArray) -> FloatArray:
    """The solution of the support's Gram matrix times x = `right`; both (padded support,).

    Leading zeros cost nothing: after an entry only the last few are none.
    """
    size = factor.size[0]
    first = 0
    while first < size and right[first] == 0.0:
        first += 1
    found = np.zeros((1, len(right)))
    project(factor.inverse, first, size, right.reshape(1, len(right)), found, np.zeros(1))
    solution: FloatArray = found[0]
    return solution


@njit(cache=True, nogil=True, fastmath={"contract"})
def _turn(
    kept: FloatArray, carried: FloatArray, below: FloatArray, cosine: float, sine: float
) -> None:
    """One rotation of `carried` and the row below it, over the length of `kept`.

    `kept` takes the part that no longer knows of the supporter to be removed; it may lie one entry
    behind `below`'s place in the matrix.
    """
    for k in range(len(kept)):
        old, new = carried[k], below[k]
        carried[k] = cosine * old + sine * new
        kept[k] = cosine * new - sine * old
