"""Newton steps on the coefficients other than zero, whose signs are held."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.radiomics.selection.lasso_folds import FloatArray

_RIDGE = 1e-10
"""Share of the mean diagonal added to it, so that repeated columns can be solved for too."""


@njit(cache=True, nogil=True)
def newton_step(gram: FloatArray, gradient: FloatArray, coef: FloatArray, alpha: float) -> None:
    """Goes to the optimum of the present support and signs; what would change sign becomes zero.

    `gram` (candidates, candidates); `gradient` and `coef` (candidates,) are brought up to date.
    Where that would not lessen the objective, goes only as far as the first change of sign.
    """
    used = np.flatnonzero(coef)
    if len(used) == 0:
        return
    ask = gradient[used] - alpha * np.sign(coef[used])
    way = _solve(_part(gram, used), ask)
    moved = np.zeros(len(coef))
    reach = 1.0
    crossed = False
    for i in range(len(used)):
        old = coef[used[i]]
        moved[used[i]] = way[i]
        if old * (old + way[i]) <= 0.0:
            crossed = True
            reach = min(reach, -old / way[i])
            moved[used[i]] = -old
    change = _times(gram, moved)
    if crossed and np.dot(moved[used], ask) < 0.5 * np.dot(moved, change):
        moved[used] = reach * way
        change = _times(gram, moved)
    for k in used:
        new = coef[k] + moved[k]
        coef[k] = new if new * coef[k] > 0.0 else 0.0
    gradient -= change


@njit(cache=True, nogil=True)
def _part(gram: FloatArray, used: NDArray[np.intp]) -> FloatArray:
    count = len(used)
    part = np.empty((count, count))
    for i in range(count):
        row = gram[used[i]]
        to = part[i]
        for k in range(count):
            to[k] = row[used[k]]
    ridge = _RIDGE * np.trace(part) / count
    for i in range(count):
        part[i, i] += ridge
    return part


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _solve(part: FloatArray, ask: FloatArray) -> FloatArray:
    """The solution of a symmetric positive definite system, by Cholesky."""
    upper = np.linalg.cholesky(part).T
    found = ask.copy()
    count = len(found)
    for i in range(count):
        row = upper[i]
        value = found[i] / row[i]
        found[i] = value
        for k in range(i + 1, count):
            found[k] -= value * row[k]
    for i in range(count - 1, -1, -1):
        row = upper[i]
        value = found[i]
        for k in range(i + 1, count):
            value -= row[k] * found[k]
        found[i] = value / row[i]
    return found


@njit(cache=True, nogil=True)
def _times(gram: FloatArray, moved: FloatArray) -> FloatArray:
    """A symmetric matrix times a vector."""
    return np.dot(gram, moved)
