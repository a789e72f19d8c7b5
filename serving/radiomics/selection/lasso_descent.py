"""Sweeps of coordinate descent over the few features that may move, until the gap is small."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.radiomics.selection.lasso_folds import FloatArray
from serving.radiomics.selection.lasso_gap import gap_of, greatest
from serving.radiomics.selection.lasso_vectors import subtract
from serving.radiomics.selection.lasso_working_set import WorkingSet

_WITHIN = 4
"""Sweeps over the coefficients in use between two sweeps over all candidates."""
_SHARE = 0.5
"""Of the gap allowed: the rest is for features that are no candidates."""


class Demand(NamedTuple):
    """What every fit has to keep to."""

    max_iter: int
    tol: float
    positive: bool


class Near(NamedTuple):
    """The candidates of one alpha."""

    gram: FloatArray
    """(candidates, candidates)."""
    gradient: FloatArray
    """(candidates,): columns times the residual; kept right at every step."""
    coef: FloatArray
    pull: FloatArray
    """(candidates,): columns times the target."""
    squared: float
    """The target's squares."""


@njit(cache=True, nogil=True)
def descend(
    members: WorkingSet,
    gradient: FloatArray,
    pull: FloatArray,
    squared: float,
    alpha: float,
    demand: Demand,
) -> int:
    """Moves the candidates until their duality gap is half of what is allowed; the sweeps made.

    `gradient` (features,): at the members' coefficients; `pull` (features,): at coefficients of
    zero; `squared`: target times target.
    """
    positive = demand.positive
    near = _near(members, gradient, pull, squared)
    enough = _SHARE * demand.tol * squared
    swept = 0
    everyone = np.arange(len(near.coef))
    moved = len(everyone) > 0
    while moved and swept < demand.max_iter:
        swept += 1
        moved = sweep(near, everyone, alpha, positive)
        if gap_among(near, alpha, positive) <= enough:
            break
        used = np.flatnonzero(near.coef)
        for _ in range(_WITHIN):
            swept += 1
            sweep(near, used, alpha, positive)
    members.coef[members.slot[members.near[: members.size[1]]]] = near.coef
    return swept


@njit(cache=True, nogil=True)
def _near(members: WorkingSet, gradient: FloatArray, pull: FloatArray, squared: float) -> Near:
    """The candidates as they stand."""
    features = members.near[: members.size[1]]
    slots = members.slot[features]
    count = len(slots)
    gram = np.empty((count, count))
    for i in range(count):
        row = members.gram[slots[i]]
        for k in range(count):
            gram[i, k] = row[slots[k]]
    return Near(gram, gradient[features], members.coef[slots], pull[features], squared)


@njit(cache=True, nogil=True)
def gap_among(near: Near, alpha: float, positive: bool) -> float:
    """The duality gap over the candidates; from sums that are kept, no residual is needed."""
    explained = np.dot(near.coef, near.pull)
    left = near.squared - explained - np.dot(near.coef, near.gradient)
    dual_norm = greatest(near.gradient, positive)
    gap: float = gap_of(alpha, np.sum(np.abs(near.coef)), left, near.squared - explained, dual_norm)
    return gap


@njit(cache=True, nogil=True)
def sweep(near: Near, which: NDArray[np.intp], alpha: float, positive: bool) -> bool:
    """Soft-thresholds each of the coordinates in turn; whether any moved."""
    gram, gradient, coef = near.gram, near.gradient, near.coef
    moved = False
    for k in which:
        row = gram[k]
        old = coef[k]
        pull = gradient[k] + old * row[k]
        size = abs(pull) - alpha
        if size <= 0.0 or (positive and pull < 0.0):
            new = 0.0
        else:
            new = (size if pull > 0.0 else -size) / row[k]
        if new != old:
            coef[k] = new
            subtract(gradient, new - old, row)
            moved = True
    return moved
