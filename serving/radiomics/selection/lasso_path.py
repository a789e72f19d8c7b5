"""The path of alphas, all folds abreast.

At each alpha a fold's support is sought among few candidates: those in use and those that the
strong rule (Tibshirani 2012) does not discard. Then all features' gradients are computed, for all
folds in one product of matrices; whoever broke the optimality conditions becomes a candidate too,
until the duality gap over all features is as small as scikit-learn asks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.radiomics.selection.lasso_descent import Near, descend
from serving.radiomics.selection.lasso_folds import FloatArray, Folds
from serving.radiomics.selection.lasso_gap import gap_of, greatest
from serving.radiomics.selection.lasso_working_set import (
    IntArray,
    WorkingSet,
    choose_near,
    empty_set,
    residual,
)

_SLACK = 1e-3
"""Share of alpha by which the gradient of a feature that is no candidate may exceed it."""


class Penalty(NamedTuple):
    """One alpha of one fold, and when to stop."""

    alpha: float
    least: float
    """Gradients of at least this size make candidates."""
    tol: float
    max_iter: int
    positive: bool


@njit(cache=True, nogil=True)
def fold_paths(
    folds: Folds, alphas: FloatArray, max_iter: int, tol: float, positive: bool
) -> tuple[FloatArray, IntArray]:
    """Coefficients (folds, alphas, features) and sweeps (folds, alphas), -1 where unconverged.

    `alphas` (folds, alphas): descending, times the number of the fold's training rows.
    """
    count, samples = folds.weight.shape
    features = len(folds.features)
    coefs = np.zeros((count, alphas.shape[1], features))
    sweeps = np.zeros((count, alphas.shape[1]), np.int64)
    sets = [empty_set(features, samples) for _ in range(count)]
    left = folds.target.copy()
    gradients = np.dot(left * folds.weight, folds.features.T)
    for a in range(alphas.shape[1]):
        pending = np.arange(count)
        first = True
        while len(pending) > 0:
            for f in pending:
                alpha = alphas[f, a]
                least = 2.0 * alpha - alphas[f, max(a - 1, 0)] if first else alpha
                penalty = Penalty(alpha, least, tol, max_iter, positive)
                sets[f] = choose_near(sets[f], folds, f, gradients[f], penalty.least)
                sweeps[f, a] += _descend(sets[f], gradients[f], penalty)
                left[f] = residual(sets[f], folds.target[f])
            _compute_gradients(folds, left, pending, gradients)
            going = np.zeros(count, np.uint8)
            for f in pending:
                penalty = Penalty(alphas[f, a], 0.0, tol, max_iter, positive)
                going[f] = not _is_done(sets[f], folds, f, left[f], gradients[f], penalty)
                if going[f] and sweeps[f, a] >= max_iter:
                    sweeps[f, a] = -1
                    going[f] = 0
            pending = np.flatnonzero(going)
            first = False
        for f in range(count):
            _spread(sets[f], coefs[f, a])
    return coefs, sweeps


@njit(cache=True, nogil=True)
def _spread(members: WorkingSet, coefs: FloatArray) -> None:
    """Writes the members' coefficients to their places in `coefs` (features,)."""
    feature, coef = members.feature, members.coef
    for k in range(members.size[0]):
        coefs[feature[k]] = coef[k]


@njit(cache=True, nogil=True)
def _compute_gradients(
    folds: Folds, left: FloatArray, pending: NDArray[np.intp], gradients: FloatArray
) -> None:
    found = np.dot(left[pending] * folds.weight[pending], folds.features.T)
    for row in range(len(pending)):
        gradients[pending[row]] = found[row]


@njit(cache=True, nogil=True)
def _is_done(
    members: WorkingSet,
    folds: Folds,
    fold: int,
    left: FloatArray,
    gradient: FloatArray,
    penalty: Penalty,
) -> bool:
    """Whether the gap is small and no feature but the candidates breaks its condition."""
    target = folds.target[fold]
    dual_norm = greatest(gradient, penalty.positive)
    l1_norm = np.sum(np.abs(members.coef[: members.size[0]]))
    squared = np.dot(left, left)
    gap = gap_of(penalty.alpha, l1_norm, squared, np.dot(left, target), dual_norm)
    if gap > penalty.tol * np.dot(target, target):
        return False
    return bool(dual_norm <= (1.0 + _SLACK) * penalty.alpha)


@njit(cache=True, nogil=True)
def _descend(members: WorkingSet, gradient: FloatArray, penalty: Penalty) -> int:
    """Changes the candidates' coefficients, from `gradient` (features,); the sweeps made."""
    features = members.near[: members.size[1]]
    slots = members.slot[features]
    gram = np.empty((len(slots), len(slots)))
    gather(members.gram, slots, gram)
    near = Near(gram, gradient[features], members.coef[slots])
    swept = descend(near, penalty.alpha, penalty.max_iter, penalty.tol, penalty.positive)
    members.coef[slots] = near.coef
    return int(swept)


@njit(cache=True, nogil=True)
def gather(gram: FloatArray, slots: IntArray, out: FloatArray) -> None:
    """Rows and columns `slots` of `gram`."""
    for i in range(len(slots)):
        row = gram[slots[i]]
        to = out[i]
        for k in range(len(slots)):
            to[k] = row[slots[k]]
