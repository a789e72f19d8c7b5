"""The features that coordinate descent may move, with the Gram matrix among them alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.radiomics.selection.lasso_folds import FloatArray, Folds
from serving.radiomics.selection.lasso_vectors import dot, dot_four, subtract, subtract_four

IntArray = NDArray[np.int64]

_SPARE = 64


class WorkingSet(NamedTuple):
    """One fold's members, in order of their entry (`slot`); whoever entered once stays.

    A gradient is a column times the residual.
    """

    feature: IntArray
    """(room,): a slot's feature."""
    column: FloatArray
    """(room, samples): weighted and centred."""
    gram: FloatArray
    """(room, room)."""
    coef: FloatArray
    slot: IntArray
    """(features,): -1 for non-members."""
    near: IntArray
    """(features,): its head holds the candidates' features, those in use first."""
    size: IntArray
    """(2,): members; candidates."""


@njit(cache=True, nogil=True)
def empty_set(features: int, samples: int) -> WorkingSet:
    """A set without members."""
    # A support has at most as many members as there are samples; memory not used costs nothing.
    room = min(samples + _SPARE, features)
    return WorkingSet(
        np.zeros(room, np.int64),
        np.empty((room, samples)),
        np.empty((room, room)),
        np.zeros(room),
        np.full(features, -1, np.int64),
        np.zeros(features, np.int64),
        np.zeros(2, np.int64),
    )


@njit(cache=True, nogil=True)
def _with_room(members: WorkingSet, wanted: int) -> WorkingSet:
    """The same set in arrays that hold at least `wanted` members."""
    if wanted <= len(members.feature):
        return members
    kept = members.size[0]
    room = min(len(members.slot), max(wanted, 2 * len(members.feature)))
    feature = np.zeros(room, np.int64)
    feature[:kept] = members.feature[:kept]
    column = np.empty((room, members.column.shape[1]))
    column[:kept] = members.column[:kept]
    gram = np.empty((room, room))
    gram[:kept, :kept] = members.gram[:kept, :kept]
    coef = np.zeros(room)
    coef[:kept] = members.coef[:kept]
    return WorkingSet(
        feature,
        column,
        gram,
        coef,
        members.slot,
        members.near,
        members.size,
    )


@njit(cache=True, nogil=True)
def choose_near(
    members: WorkingSet, folds: Folds, fold: int, gradient: FloatArray, least: float
) -> WorkingSet:
    """Makes candidates of all that are not zero or whose gradient reaches `least` in size.

    Candidates that are no members yet become members.
    """
    first = members.size[0]
    last = first
    newcomers = np.empty(len(gradient), np.int64)
    slot, near, coef, norm = members.slot, members.near, members.coef, folds.norm[fold]
    found = 0
    for k in range(first):
        if coef[k] != 0.0:
            near[found] = members.feature[k]
            found += 1
    for j in range(len(gradient)):
        fresh = slot[j] < 0
        if abs(gradient[j]) >= least and norm[j] > 0.0 and (fresh or coef[slot[j]] == 0.0):
            near[found] = j
            found += 1
            if fresh:
                newcomers[last - first] = j
                last += 1
    members.size[1] = found
    if last > first:
        members = _with_room(members, last)
        _enter(members, folds, fold, newcomers[: last - first])
    return members


@njit(cache=True, nogil=True)
def _enter(members: WorkingSet, folds: Folds, fold: int, newcomers: IntArray) -> None:
    first = members.size[0]
    last = first + len(newcomers)
    weight = folds.weight[fold]
    for k in range(first, last):
        j = newcomers[k - first]
        members.feature[k] = j
        members.slot[j] = k
        _centre(members.column[k], folds.features[j], folds.mean[fold, j], weight)
    for k in range(last):
        _multiply(members, k, max(first, k), last)
    members.size[0] = last


@njit(cache=True, nogil=True)
def _multiply(members: WorkingSet, slot: int, first: int, last: int) -> None:
    """Fills in the Gram matrix's entries of `slot` with those from `first` to `last`.

    By hand: a library would first copy all members' columns for the few that are new.
    """
    column, gram = members.column, members.gram
    whole = first + (last - first) // 4 * 4
    for k in range(first, whole, 4):
        rows = column[k], column[k + 1], column[k + 2], column[k + 3]
        a, b, c, d = dot_four(column[slot], *rows)
        gram[slot, k], gram[slot, k + 1], gram[slot, k + 2], gram[slot, k + 3] = a, b, c, d
        gram[k, slot], gram[k + 1, slot], gram[k + 2, slot], gram[k + 3, slot] = a, b, c, d
    for k in range(whole, last):
        gram[slot, k] = gram[k, slot] = dot(column[slot], column[k])


@njit(cache=True, nogil=True)
def _centre(column: FloatArray, feature: FloatArray, mean: float, weight: FloatArray) -> None:
    for i in range(len(column)):
        column[i] = weight[i] * (feature[i] - mean)


@njit(cache=True, nogil=True)
def residual(members: WorkingSet, target: FloatArray) -> FloatArray:
    """(samples,): the weighted target less what the members explain."""
    left = target.copy()
    column = members.column
    used = np.flatnonzero(members.coef[: members.size[0]])
    coef = members.coef[used]
    whole = len(used) // 4 * 4
    for k in range(0, whole, 4):
        one, two, three, four = used[k], used[k + 1], used[k + 2], used[k + 3]
        rows = column[one], column[two], column[three], column[four]
        subtract_four(left, coef[k : k + 4], *rows)
    for k in range(whole, len(used)):
        subtract(left, coef[k], column[used[k]])
    return left
