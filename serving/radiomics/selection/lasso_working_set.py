"""The features that coordinate descent may move, with the Gram matrix among them alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from serving.radiomics.selection.lasso_folds import FloatArray, Folds, IntArray
from serving.radiomics.selection.lasso_products import Shared, fill_apart, fill_products


class WorkingSet(NamedTuple):
    """One fold's members, in order of their entry (`slot`); whoever entered once stays.

    A gradient is a column times the residual.
    """

    feature: IntArray
    """(room,): a slot's feature."""
    gram: FloatArray
    """(room, room)."""
    apart: FloatArray
    """(most rows and one, room): by what a member's products differ from the shared ones."""
    coef: FloatArray
    slot: IntArray
    """(features,): -1 for non-members."""
    near: IntArray
    """(features,): its head holds the candidates' features, those in use first."""
    size: IntArray
    """(2,): members; candidates."""


@njit(cache=True, nogil=True)
def empty_set(features: int, apart: int, gram: FloatArray) -> WorkingSet:
    """A set without members; `apart`: the numbers by which a member's products differ; `gram`
    (room, room): memory for as many members.
    """
    room = len(gram)
    return WorkingSet(
        np.zeros(room, np.int64),
        gram,
        np.empty((apart, room)),
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
    gram = np.empty((room, room))
    gram[:kept, :kept] = members.gram[:kept, :kept]
    apart = np.empty((len(members.apart), room))
    apart[:, :kept] = members.apart[:, :kept]
    coef = np.zeros(room)
    coef[:kept] = members.coef[:kept]
    return WorkingSet(
        feature,
        gram,
        apart,
        coef,
        members.slot,
        members.near,
        members.size,
    )


@njit(cache=True, nogil=True)
def choose_near(
    members: WorkingSet,
    folds: Folds,
    shared: Shared,
    fold: int,
    likely: IntArray,
) -> WorkingSet:
    """Makes candidates of all that are not zero, and of the features `likely`.

    Candidates that are no members yet become members.
    """
    first = members.size[0]
    last = first
    newcomers = np.empty(len(likely), np.int64)
    slot, near, coef, norm = members.slot, members.near, members.coef, folds.norm[fold]
    found = 0
    for k in range(first):
        if coef[k] != 0.0:
            near[found] = members.feature[k]
            found += 1
    for j in likely:
        fresh = slot[j] < 0
        if norm[j] > 0.0 and (fresh or coef[slot[j]] == 0.0):
            near[found] = j
            found += 1
            if fresh:
                newcomers[last - first] = j
                last += 1
    members.size[1] = found
    if last > first:
        members = _with_room(members, last)
        _enter(members, folds, shared, fold, newcomers[: last - first])
    return members


@njit(cache=True, nogil=True)
def _enter(
    members: WorkingSet, folds: Folds, shared: Shared, fold: int, newcomers: IntArray
) -> None:
    """All at once, so that both halves of the Gram matrix are written along its rows."""
    first = members.size[0]
    last = first + len(newcomers)
    feature, gram, apart = members.feature, members.gram, members.apart
    for k in range(len(newcomers)):
        feature[first + k] = newcomers[k]
        members.slot[newcomers[k]] = first + k
        fill_apart(shared, folds, fold, newcomers[k], apart[:, first + k])
    for row in range(first, last):
        fill_products(shared, folds, fold, feature[: row + 1], apart, gram[row, : row + 1])
    for row in range(last):
        for k in range(max(first, row + 1), last):
            gram[row, k] = gram[k, row]
    members.size[0] = last
