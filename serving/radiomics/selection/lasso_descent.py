"""Newton steps and sweeps of coordinate descent in turn, over the few features that may move."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from serving.radiomics.selection.lasso_folds import FloatArray
from serving.radiomics.selection.lasso_newton import newton_step

_MOST_SWEEPS = 6
"""Between two Newton steps, while the support still changes."""


class Near(NamedTuple):
    """The candidates of one alpha."""

    gram: FloatArray
    """(candidates, candidates)."""
    gradient: FloatArray
    """(candidates,): columns times the residual; kept right at every step."""
    coef: FloatArray


@njit(cache=True, nogil=True)
def descend(near: Near, alpha: float, max_iter: int, tol: float, positive: bool) -> int:
    """Until a sweep after a Newton step changes little, or `max_iter` sweeps; the sweeps made.

    A sweep changes little if no coefficient changes by more than `tol` times the largest.
    """
    swept = 0
    while swept < max_iter:
        newton_step(near.gram, near.gradient, near.coef, alpha)
        for turn in range(_MOST_SWEEPS):
            swept += 1
            largest, change, flips = sweep(near.gram, near.gradient, near.coef, alpha, positive)
            if change <= tol * largest and turn == 0:
                return swept
            if flips == 0:
                break
    return swept


@njit(cache=True, nogil=True)
def sweep(
    gram: FloatArray, gradient: FloatArray, coef: FloatArray, alpha: float, positive: bool
) -> tuple[float, float, int]:
    """Soft-thresholds each coordinate in turn; largest coefficient and change, changes of support.

    Four steps are taken before the gradients are brought up to date in one pass, since that pass
    is bound by memory; within the four, gradients are corrected one by one.
    """
    largest = 0.0
    change = 0.0
    flips = 0
    steps = np.zeros(4)
    count = len(coef)
    for first in range(0, count, 4):
        last = min(first + 4, count)
        moved = False
        for k in range(first, last):
            steps[k - first] = 0.0
            old = coef[k]
            pull = gradient[k] + old * gram[k, k]
            for i in range(first, k):
                pull -= steps[i - first] * gram[i, k]
            size = abs(pull) - alpha
            if size <= 0.0 or (positive and pull < 0.0):
                new = 0.0
            else:
                new = (size if pull > 0.0 else -size) / gram[k, k]
            largest = max(largest, abs(new))
            if new != old:
                steps[k - first] = new - old
                change = max(change, abs(new - old))
                flips += (new == 0.0) != (old == 0.0)
                coef[k] = new
                moved = True
        if moved and last - first == 4:
            _subtract_four(
                gradient, gram[first], gram[first + 1], gram[first + 2], gram[first + 3], steps
            )
        elif moved:
            for k in range(first, last):
                gradient -= steps[k - first] * gram[k]
    return largest, change, flips


@njit(cache=True, nogil=True, fastmath={"contract"})
def _subtract_four(
    gradient: FloatArray,
    first: FloatArray,
    second: FloatArray,
    third: FloatArray,
    fourth: FloatArray,
    steps: FloatArray,
) -> None:
    one, two, three, four = steps[0], steps[1], steps[2], steps[3]
    for i in range(len(gradient)):
        gradient[i] -= one * first[i] + two * second[i] + three * third[i] + four * fourth[i]
