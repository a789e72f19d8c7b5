"""The path of alphas, all folds abreast.

Each fold walks from one alpha to the next over few candidates: those in use and those that the
strong rule (Tibshirani 2012) does not discard. Then all features' gradients are computed, for all
folds in one product of matrices; where a discarded feature broke the optimality conditions, the
step is walked again with it. A fold that gets lost goes on by coordinate descent.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.radiomics.selection.lasso_descent import descend
from serving.radiomics.selection.lasso_factor import Factor, empty_factor
from serving.radiomics.selection.lasso_folds import FloatArray, Folds, IntArray
from serving.radiomics.selection.lasso_gap import gap_of, greatest
from serving.radiomics.selection.lasso_walk import rebuilt, walk
from serving.radiomics.selection.lasso_working_set import (
    WorkingSet,
    choose_near,
    empty_set,
    residual,
)

_SLACK = 1e-6
"""Share of alpha by which a gradient may exceed it before a step is walked again."""
_MOST_WALKS = 3
"""Walks of one step before a fold counts as lost."""


class Demand(NamedTuple):
    """What every fit has to keep to."""

    max_iter: int
    tol: float
    positive: bool


class Stand(NamedTuple):
    """Where the folds stand."""

    left: FloatArray
    """(folds, samples): residuals."""
    gradients: FloatArray
    """(folds, features): columns times the residual."""
    before: FloatArray
    """(folds, features): the gradients at the last alpha."""
    lost: NDArray[np.uint8]
    """(folds,): 1 for those that go by descent."""
    sweeps: IntArray
    """(folds,): made at this alpha; -1 where they were too few."""


@njit(cache=True, nogil=True)
def fold_paths(
    folds: Folds, alphas: FloatArray, max_iter: int, tol: float, positive: bool
) -> tuple[FloatArray, IntArray]:
    """Coefficients (folds, alphas, features) and sweeps (folds, alphas), -1 where unconverged.

    `alphas` (folds, alphas): descending, times the number of the fold's training rows.
    """
    count, samples = folds.weight.shape
    demand = Demand(max_iter, tol, positive)
    coefs = np.zeros((count, alphas.shape[1], len(folds.features)))
    sweeps = np.zeros((count, alphas.shape[1]), np.int64)
    sets = [empty_set(len(folds.features), samples) for _ in range(count)]
    factors = [empty_factor(min(samples, len(folds.features)) + 1) for _ in range(count)]
    stand = _at_the_start(folds)
    last = np.empty(count)
    for fold in range(count):
        last[fold] = max(greatest(stand.gradients[fold], positive), alphas[fold, 0])
    for a in range(alphas.shape[1]):
        _remember(stand)
        pending = np.arange(count)
        walks = 0
        while len(pending) > 0:
            walks += 1
            for f in pending:
                way = (last[f], alphas[f, a])
                # At the first alpha, a - 1 names the last row, which is still all zeros.
                start = coefs[f, a - 1]
                sets[f], factors[f] = _advance(
                    sets[f], factors[f], folds, f, stand, way, start, walks, demand
                )
            _compute_gradients(folds, stand, pending)
            pending = _unfinished(sets, folds, pending, stand, alphas[:, a], demand)
        last[:] = alphas[:, a]
        sweeps[:, a] = stand.sweeps
        for fold in range(count):
            _spread(sets[fold], coefs[fold, a])
    return coefs, sweeps


@njit(cache=True, nogil=True)
def _at_the_start(folds: Folds) -> Stand:
    count = len(folds.target)
    gradients = np.dot(folds.target * folds.weight, folds.rows)
    lost = np.zeros(count, np.uint8)
    left = folds.target.copy()
    return Stand(left, gradients, gradients.copy(), lost, np.zeros(count, np.int64))


@njit(cache=True, nogil=True)
def _advance(
    members: WorkingSet,
    factor: Factor,
    folds: Folds,
    fold: int,
    stand: Stand,
    way: tuple[float, float],
    start: FloatArray,
    walks: int,
    demand: Demand,
) -> tuple[WorkingSet, Factor]:
    """One try at the next alpha; `start` (features,): the coefficients at the way's beginning."""
    least = 2.0 * way[1] - way[0] if walks == 1 else way[1]
    members = choose_near(members, folds, fold, stand.gradients[fold], least)
    found = stand.lost[fold] == 0 and walks <= _MOST_WALKS
    if found:
        watched = members.near[: members.size[1]]
        if walks > 1:
            watched = members.feature[: members.size[0]]
            members.coef[: members.size[0]] = start[watched]
            factor, found = rebuilt(factor, members)
        if found:
            slots = members.slot[watched]
            gradient = stand.before[fold][members.feature[: members.size[0]]]
            factor, found = walk(members, factor, slots, gradient, way, demand.positive)
    if not found:
        stand.lost[fold] = 1
        gradient = stand.gradients[fold]
        target = folds.target[fold]
        stand.sweeps[fold] += descend(
            members, gradient, target, way[1], demand.max_iter, demand.tol, demand.positive
        )
    stand.left[fold] = residual(members, folds.target[fold])
    return members, factor


@njit(cache=True, nogil=True)
def _spread(members: WorkingSet, coefs: FloatArray) -> None:
    """Writes the members' coefficients to their places in `coefs` (features,)."""
    feature, coef = members.feature, members.coef
    for k in range(members.size[0]):
        coefs[feature[k]] = coef[k]


@njit(cache=True, nogil=True)
def _remember(stand: Stand) -> None:
    """Makes the gradients those of the last alpha, and the sweeps none."""
    for f in range(len(stand.before)):
        stand.sweeps[f] = 0
        for j in range(stand.before.shape[1]):
            stand.before[f, j] = stand.gradients[f, j]


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
    """Those whose gap over all features is greater than scikit-learn allows, or that walked past
    a feature that should have entered.
    """
    going = np.zeros(len(pending), np.uint8)
    for k in range(len(pending)):
        f = pending[k]
        target, left = folds.target[f], stand.left[f]
        dual_norm = greatest(stand.gradients[f], demand.positive)
        l1_norm = np.sum(np.abs(sets[f].coef[: sets[f].size[0]]))
        gap = gap_of(alphas[f], l1_norm, np.dot(left, left), np.dot(left, target), dual_norm)
        going[k] = gap > demand.tol * np.dot(target, target)
        if stand.lost[f] == 0:
            going[k] |= dual_norm > alphas[f] * (1.0 + _SLACK)
        elif going[k] and stand.sweeps[f] >= demand.max_iter:
            stand.sweeps[f] = -1
            going[k] = 0
    unfinished: NDArray[np.intp] = pending[going == 1]
    return unfinished
