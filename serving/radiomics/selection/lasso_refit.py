"""One fit from all zeros, by residuals: what LassoCV does last, at the alpha it chose."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.radiomics.selection.lasso_folds import FloatArray
from serving.radiomics.selection.lasso_gap import gap_of, greatest, screen
from serving.radiomics.selection.lasso_vectors import dot, subtract


class Descent(NamedTuple):
    """Where a descent stands; columns and target are weighted and centred."""

    column: FloatArray
    """(features, samples), C order."""
    norm: FloatArray
    coef: FloatArray
    left: FloatArray
    """(samples,): residual."""
    excluded: NDArray[np.uint8]
    seen: FloatArray
    """(features,): gradient when last computed."""
    seen_at: FloatArray
    """(features,): the way that the residual had gone by then."""
    way: FloatArray
    """(1,): sum of the lengths of the residual's steps."""


@njit(cache=True, nogil=True)
def lasso_from_zero(
    column: FloatArray,
    target: FloatArray,
    norm: FloatArray,
    alpha: float,
    max_iter: int,
    tol: float,
    positive: bool,
) -> tuple[FloatArray, float, int, bool]:
    """Coefficients, duality gap, sweeps, and whether it converged.

    `column` (features, samples) in C order and `target` are weighted and centred; `alpha` is
    times the number of samples, and so is the gap.
    """
    features = len(column)
    state = Descent(
        column,
        norm,
        np.zeros(features),
        target.copy(),
        np.zeros(features, np.uint8),
        np.zeros(features),
        np.full(features, -np.inf),
        np.zeros(1),
    )
    enough = tol * np.dot(target, target)
    gap, dual_norm, gradient = _gap(state, target, alpha, positive)
    if gap <= enough:
        return state.coef, gap, 0, True
    _screen(state, alpha, gap, dual_norm, gradient)
    for iteration in range(max_iter):
        largest, change = _sweep(state, alpha, positive)
        if largest == 0.0 or change / largest <= tol or iteration == max_iter - 1:
            gap, dual_norm, gradient = _gap(state, target, alpha, positive)
            if gap <= enough:
                return state.coef, gap, iteration + 1, True
            _screen(state, alpha, gap, dual_norm, gradient)
    return state.coef, gap, max_iter, False


@njit(cache=True, nogil=True)
def _gap(
    state: Descent, target: FloatArray, alpha: float, positive: bool
) -> tuple[float, float, FloatArray]:
    gradient = np.dot(state.column, state.left)
    dual_norm = greatest(gradient, positive)
    l1_norm = np.sum(np.abs(state.coef))
    squared = np.dot(state.left, state.left)
    gap = gap_of(alpha, l1_norm, squared, np.dot(state.left, target), dual_norm)
    return gap, dual_norm, gradient


@njit(cache=True, nogil=True)
def _screen(
    state: Descent, alpha: float, gap: float, dual_norm: float, gradient: FloatArray
) -> None:
    screen(state.excluded, gradient, state.norm, alpha, gap, dual_norm)
    coef, excluded = state.coef, state.excluded
    for j in range(len(gradient)):
        if coef[j] != 0.0 and excluded[j] == 1:
            subtract(state.left, -coef[j], state.column[j])
            state.way[0] += abs(coef[j]) * state.norm[j]
            coef[j] = 0.0


@njit(cache=True, nogil=True)
def _sweep(state: Descent, alpha: float, positive: bool) -> tuple[float, float]:
    """Visits each feature left unless it provably stays at zero, by Cauchy and Schwarz."""
    largest = 0.0
    change = 0.0
    column, norm, coef, left = state.column, state.norm, state.coef, state.left
    excluded, seen, seen_at, way = state.excluded, state.seen, state.seen_at, state.way
    for j in range(len(coef)):
        if excluded[j] == 1:
            continue
        old = coef[j]
        bound = abs(seen[j]) + norm[j] * (way[0] - seen_at[j]) * (1.0 + 1e-9)
        if old == 0.0 and bound < alpha:
            continue
        curvature = norm[j] * norm[j]
        gradient = dot(column[j], left)
        seen[j] = gradient
        seen_at[j] = way[0]
        pull = gradient + old * curvature
        size = abs(pull) - alpha
        if size <= 0.0 or (positive and pull < 0.0):
            new = 0.0
        else:
            new = (size if pull > 0.0 else -size) / curvature
        if new != old:
            change = max(change, abs(new - old))
            subtract(left, new - old, column[j])
            coef[j] = new
            way[0] += abs(new - old) * norm[j]
        largest = max(largest, abs(new))
    return largest, change
