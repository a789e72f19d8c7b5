"""The path of alphas, all folds abreast.

Each fold goes from one alpha to the next over few candidates: those in use and those that the
strong rule (Tibshirani 2012) does not discard. Then all features' gradients are computed, for all
folds in one product of matrices; where a discarded feature broke the optimality conditions, the
fold goes on with it. A fold that does not arrive takes coordinate descent to that alpha.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.radiomics.selection.lasso_descent import Demand, descend
from serving.radiomics.selection.lasso_factor import Factor, empty_factor
from serving.radiomics.selection.lasso_folds import FloatArray, Folds, IntArray
from serving.radiomics.selection.lasso_gap import gap_of, greatest
from serving.radiomics.selection.lasso_leap import refill, travel
from serving.radiomics.selection.lasso_products import Shared
from serving.radiomics.selection.lasso_vectors import subtract_rows
from serving.radiomics.selection.lasso_working_set import (
    WorkingSet,
    choose_near,
    empty_set,
)

_SLACK = 1e-6
"""Share of alpha by which a discarded feature's gradient may exceed it."""
_MOST_TRIES = 10
"""To reach one alpha, each with more candidates, before a fold counts as lost."""


class Stand(NamedTuple):
    """Where the folds stand."""

    left: FloatArray
    """(folds, samples): residuals."""
    gradients: FloatArray
    """(folds, features): columns times the residual."""
    pull: FloatArray
    """(folds, features): columns times the target."""
    lost: NDArray[np.bool_]
    """(folds,): those that go by descent at this alpha."""
    sweeps: IntArray
    """(folds,): made at this alpha; -1 where they were too few."""


@njit(cache=True, nogil=True)
def fold_paths(
    folds: Folds, shared: Shared, alphas: FloatArray, demand: Demand
) -> tuple[FloatArray, IntArray]:
    """What is explained of all rows' target, less the fold's mean of it, (folds, alphas, samples);
    and sweeps (folds, alphas), -1 where unconverged.

    `alphas` (folds, alphas): descending, times the number of the fold's training rows.
    """
    count, samples = folds.weight.shape
    explained = np.empty((count, alphas.shape[1], samples))
    sweeps = np.zeros((count, alphas.shape[1]), np.int64)
    apart = shared.difference.shape[1]
    sets = [empty_set(len(folds.features), samples, apart) for _ in range(count)]
    factors = [empty_factor(min(samples, len(folds.features)) + 1) for _ in range(count)]
    stand = _at_the_start(folds)
    last = np.empty(count)
    for fold in range(count):
        last[fold] = max(greatest(stand.gradients[fold], demand.positive), alphas[fold, 0])
    for a in range(alphas.shape[1]):
        stand.sweeps[:] = 0
        pending = np.arange(count)
        tries = 0
        while len(pending) > 0:
            tries += 1
            for f in pending:
                way = (last[f], alphas[f, a])
                sets[f] = _advance(sets[f], factors[f], folds, shared, f, stand, way, tries, demand)
            for f in pending:
                _explain(folds, f, sets[f], explained[f, a], stand.left[f])
            _compute_gradients(folds, stand, pending)
            pending = _unfinished(sets, folds, pending, stand, alphas[:, a], demand)
        last[:] = alphas[:, a]
        sweeps[:, a] = stand.sweeps
        for fold in range(count):
            stand.lost[fold] = stand.lost[fold] and not refill(factors[fold], sets[fold])
    return explained, sweeps


@njit(cache=True, nogil=True)
def _at_the_start(folds: Folds) -> Stand:
    count = len(folds.target)
    pull = np.dot(folds.target * folds.weight, folds.rows)
    lost = np.zeros(count, np.bool_)
    return Stand(folds.target.copy(), pull.copy(), pull, lost, np.zeros(count, np.int64))


@njit(cache=True, nogil=True)
def _advance(
    members: WorkingSet,
    factor: Factor,
    folds: Folds,
    shared: Shared,
    fold: int,
    stand: Stand,
    way: tuple[float, float],
    tries: int,
    demand: Demand,
) -> WorkingSet:
    """One try at the next alpha, from what the last try left."""
    least = 2.0 * way[1] - way[0] if tries == 1 else way[1]
    members = choose_near(members, folds, shared, fold, stand.gradients[fold], least)
    if not stand.lost[fold]:
        start = members.coef[: members.size[0]].copy()
        slots = members.slot[members.near[: members.size[1]]]
        gradient = stand.gradients[fold][members.feature[: members.size[0]]]
        found = travel(members, factor, slots, gradient, way, demand.positive)
        if not found or tries == _MOST_TRIES:
            members.coef[: members.size[0]] = start
            stand.lost[fold] = True
    if stand.lost[fold]:
        target = folds.target[fold]
        stand.sweeps[fold] += descend(
            members,
            stand.gradients[fold],
            stand.pull[fold],
            np.dot(target, target),
            way[1],
            demand,
        )
    return members


@njit(cache=True, nogil=True)
def _explain(
    folds: Folds, fold: int, members: WorkingSet, explained: FloatArray, left: FloatArray
) -> None:
    """Fills both (samples,): what the members explain of each row, and the weighted target less it.

    From the features that all folds share: one fold after the other finds them in the cache.
    """
    used = np.flatnonzero(members.coef[: members.size[0]])
    feature, coef = members.feature[used], members.coef[used]
    explained[:] = -np.dot(coef, folds.mean[fold][feature])
    subtract_rows(explained, folds.features, feature, -coef)
    weight, target = folds.weight[fold], folds.target[fold]
    for i in range(len(left)):
        left[i] = target[i] - weight[i] * explained[i]


@njit(cache=True, nogil=True)
def _compute_gradients(folds: Folds, stand: Stand, pending: NDArray[np.intp]) -> None:
    found = np.dot(stand.left[pending] * folds.weight[pending], folds.rows)
    for row in range(len(pending)):
        stand.gradients[pending[row]] = found[row]


@njit(cache=True, nogil=True)
def _unfinished(
    sets: list[WorkingSet],
    folds: Folds,
    pending: NDArray[np.intp],
    stand: Stand,
    alphas: FloatArray,
    demand: Demand,
) -> NDArray[np.intp]:
    """Those whose gap over all features is greater than scikit-learn allows, or that left out a
    feature that should have entered.
    """
    going = np.zeros(len(pending), np.uint8)
    for k in range(len(pending)):
        f = pending[k]
        target, left = folds.target[f], stand.left[f]
        dual_norm = greatest(stand.gradients[f], demand.positive)
        l1_norm = np.sum(np.abs(sets[f].coef[: sets[f].size[0]]))
        gap = gap_of(alphas[f], l1_norm, np.dot(left, left), np.dot(left, target), dual_norm)
        going[k] = gap > demand.tol * np.dot(target, target)
        if not stand.lost[f]:
            going[k] |= dual_norm > alphas[f] * (1.0 + _SLACK)
        elif going[k] and stand.sweeps[f] >= demand.max_iter:
            stand.sweeps[f] = -1
            going[k] = 0
    unfinished: NDArray[np.intp] = pending[going == 1]
    return unfinished
