"""The path of alphas, all folds abreast.

Each fold goes from one alpha to the next over few candidates: those in use and those whose
gradient, going on as between the last two alphas, would come near the next one (the path is linear
between changes of the support: Efron 2004); by the strong rule (Tibshirani 2012) where there is
no last step. Then all features' gradients are computed, for all folds in one product of matrices;
where a discarded feature broke the optimality conditions, the fold goes on with it. A fold that
does not arrive takes coordinate descent to that alpha.
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
from serving.radiomics.selection.lasso_room import Room
from serving.radiomics.selection.lasso_vectors import subtract_rows
from serving.radiomics.selection.lasso_working_set import (
    WorkingSet,
    choose_near,
    empty_set,
)

_NEARLY = 1.05
"""How far ahead of its extrapolation a gradient may be and still be foreseen."""
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
    folds: Folds,
    shared: Shared,
    alphas: FloatArray,
    demand: Demand,
    room: Room,
) -> tuple[FloatArray, IntArray]:
    """Mean squared errors on the held-out rows, and sweeps, -1 where unconverged; (folds, alphas).

    `alphas` (folds, alphas): descending, times the number of the fold's training rows; `room`:
    for as many folds, samples and features.
    """
    count = len(folds.weight)
    errors = np.empty(alphas.shape)
    sweeps = np.zeros((count, alphas.shape[1]), np.int64)
    apart = shared.otherwise.shape[1] + 1
    sets = [empty_set(len(folds.features), apart, room.gram[fold]) for fold in range(count)]
    factors = [empty_factor(room.inverse[fold]) for fold in range(count)]
    stand = _at_the_start(folds)
    last = np.empty(count)
    for fold in range(count):
        last[fold] = max(greatest(stand.gradients[fold], demand.positive), alphas[fold, 0])
    older, before = last.copy(), stand.gradients.copy()
    for a in range(alphas.shape[1]):
        stand.sweeps[:] = 0
        now = stand.gradients.copy()
        pending = np.arange(count)
        tries = 0
        while len(pending) > 0:
            tries += 1
            for f in pending:
                way = (older[f], last[f], alphas[f, a])
                ahead = stand.gradients[f]
                if tries == 1:
                    ahead = _gone_on(ahead, before[f], way)
                likely = _near(stand.gradients[f], ahead, way, tries)
                sets[f] = choose_near(sets[f], folds, shared, f, likely)
                _advance(sets[f], factors[f], folds, f, stand, ahead, way, tries, demand)
            for f in pending:
                errors[f, a] = _explain(folds, f, sets[f], stand.left[f])
            _compute_gradients(folds, stand, pending)
            pending = _unfinished(sets, folds, pending, stand, alphas[:, a], demand)
        older[:], last[:] = last, alphas[:, a]
        before = now
        sweeps[:, a] = stand.sweeps
        for fold in range(count):
            stand.lost[fold] = stand.lost[fold] and not refill(factors[fold], sets[fold])
    return errors, sweeps


@njit(cache=True, nogil=True)
def _at_the_start(folds: Folds) -> Stand:
    count = len(folds.target)
    pull = np.dot(folds.target * folds.weight, folds.rows)
    lost = np.zeros(count, np.bool_)
    return Stand(folds.target.copy(), pull.copy(), pull, lost, np.zeros(count, np.int64))


@njit(cache=True, nogil=True)
def _gone_on(
    gradient: FloatArray, before: FloatArray, way: tuple[float, float, float]
) -> FloatArray:
    """Gradients at the next alpha, if they go on as between the last two; `way`: the three."""
    older, now, goal = way
    pace = (now - goal) / (older - now) if older > now else 0.0
    ahead: FloatArray = gradient + pace * (gradient - before)
    return ahead


@njit(cache=True, nogil=True)
def _near(
    gradient: FloatArray, ahead: FloatArray, way: tuple[float, float, float], tries: int
) -> IntArray:
    """Who may enter on the way to the next alpha; by the strong rule before the second."""
    older, now, goal = way
    if tries == 1 and older <= now:
        return np.flatnonzero(np.abs(gradient) >= 2.0 * goal - now)
    found, count = np.empty(len(gradient), np.int64), 0
    for j in range(len(gradient)):
        found[count] = j
        count += max(abs(gradient[j]), abs(ahead[j]) * _NEARLY) >= goal
    return found[:count]


@njit(cache=True, nogil=True)
def _advance(
    members: WorkingSet,
    factor: Factor,
    folds: Folds,
    fold: int,
    stand: Stand,
    ahead: FloatArray,
    way: tuple[float, float, float],
    tries: int,
    demand: Demand,
) -> None:
    """One try at the next alpha, from what the last try left.

    `ahead` (features,): gradients as they are expected; `way`: the last two alphas and the next.
    """
    size = members.size[0]
    if not stand.lost[fold]:
        start = members.coef[:size].copy()
        slots = members.slot[members.near[: members.size[1]]]
        features = members.feature[:size]
        gradient, expected = stand.gradients[fold][features], ahead[features]
        found = travel(members, factor, slots, gradient, expected, way[1:], demand.positive)
        if not found or tries == _MOST_TRIES:
            members.coef[:size] = start
            stand.lost[fold] = True
    if stand.lost[fold]:
        target = folds.target[fold]
        stand.sweeps[fold] += descend(
            members,
            stand.gradients[fold],
            stand.pull[fold],
            np.dot(target, target),
            way[2],
            demand,
        )


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _explain(folds: Folds, fold: int, members: WorkingSet, left: FloatArray) -> float:
    """Fills `left` (samples,) with the weighted target less what the members explain of it; returns
    the mean square of what they miss on the held-out rows.

    From the features that all folds share: one fold after the other finds them in the cache.
    """
    feature = np.empty(members.size[0], np.int64)
    coef = np.empty(members.size[0])
    used, offset = 0, -folds.target_mean[fold]
    for k in range(members.size[0]):
        if members.coef[k] != 0.0:
            feature[used], coef[used] = members.feature[k], members.coef[k]
            offset += coef[used] * folds.mean[fold, feature[used]]
            used += 1
    missed = folds.answer + offset
    subtract_rows(missed, folds.features, feature[:used], coef[:used])
    error = 0.0
    for i in range(len(left)):
        left[i] = folds.weight[fold, i] * missed[i]
        error += folds.held[fold, i] * missed[i] * missed[i]
    return error


@njit(cache=True, nogil=True)
def _compute_gradients(folds: Folds, stand: Stand, pending: NDArray[np.intp]) -> None:
    """Of all features, from what is left in the folds `pending`."""
    if len(pending) == len(stand.left):
        np.dot(stand.left * folds.weight, folds.rows, stand.gradients)
        return
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
