"""The duality gap of the lasso and the screening that follows from it."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.radiomics.selection.lasso_folds import FloatArray


@njit(cache=True, nogil=True)
def gap_of(
    alpha: float, l1_norm: float, squared: float, residual_target: float, dual_norm: float
) -> float:
    """Primal less dual at the residual scaled to be feasible (Fercoq 2015, section 2).

    `squared`: residual times residual; `residual_target`: residual times target.
    """
    scale = alpha / dual_norm if dual_norm > alpha else 1.0
    primal = 0.5 * squared + alpha * l1_norm
    return primal + 0.5 * scale * scale * squared - scale * residual_target


@njit(cache=True, nogil=True)
def greatest(gradient: FloatArray, positive: bool) -> float:
    """The dual norm: of the size, or of the value where coefficients have to be positive."""
    if positive:
        found = 0.0
        for value in gradient:
            found = max(found, value)
        return found
    # Four at once, because each has to wait for the one before it.
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = len(gradient) // 4 * 4
    for j in range(0, whole, 4):
        a = max(a, abs(gradient[j]))
        b = max(b, abs(gradient[j + 1]))
        c = max(c, abs(gradient[j + 2]))
        d = max(d, abs(gradient[j + 3]))
    for j in range(whole, len(gradient)):
        a = max(a, abs(gradient[j]))
    return max(max(a, b), max(c, d))


@njit(cache=True, nogil=True)
def screen(
    excluded: NDArray[np.uint8],
    gradient: FloatArray,
    norm: FloatArray,
    alpha: float,
    gap: float,
    dual_norm: float,
) -> None:
    """Excludes what the gap proves to be zero at the optimum (Ndiaye 2017, gap-safe sphere)."""
    radius = np.sqrt(2.0 * abs(gap)) / alpha
    scale = max(alpha, dual_norm)
    for j in range(len(gradient)):
        if norm[j] == 0.0 or 1.0 - abs(gradient[j]) / scale > radius * norm[j]:
            excluded[j] = 1
