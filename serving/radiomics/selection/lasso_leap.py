"""From one alpha to the next in a few solutions: a support is guessed, solved for and corrected.

Sources: Hintermueller 2002 (the primal-dual active set method is a Newton method, hence few
corrections), Fan 2014 (along the lasso's path, where the last support is a good guess).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.radiomics.selection.lasso_factor import (
    LEAST_PIVOT,
    Factor,
    append_all,
    remove,
    solve,
)
from serving.radiomics.selection.lasso_folds import FloatArray, IntArray
from serving.radiomics.selection.lasso_vectors import padded, products
from serving.radiomics.selection.lasso_working_set import WorkingSet

_MOST_SOLUTIONS = 10
"""For one alpha; whoever needs more goes in circles."""
_MOST_LEAPS = 30
"""From one alpha to the next; about half of them are shorter ones."""
_MOST_FORESEEN = 0.8
"""Share of the support's room up to which features enter by a guess: where nearly all rows are
explained one can only enter when another leaves."""
_PIVOT_FORESEEN = 1e-3
"""Share of its squares that the support must not explain of who enters by a guess."""
_ROUNDING = 1e-9
"""Share of alpha by which a gradient may exceed it and still count as equal."""


@njit(cache=True, nogil=True)
def travel(
    members: WorkingSet,
    factor: Factor,
    watched: IntArray,
    gradient: FloatArray,
    expected: FloatArray,
    way: tuple[float, float],
    positive: bool,
) -> bool:
    """Moves the members' coefficients along `way`, from one alpha's optimum to a smaller one's.

    `watched`: slots that may have a coefficient; `gradient` (members,): at the coefficients as
    they are, changed; `expected` (members,): a guess of the idle ones' at the end, for the first
    leap. A leap that fails is tried again in shorter ones. False where that does not help;
    coefficients and factor are then of no use.
    """
    now, goal = way
    aim = goal
    for leap in range(_MOST_LEAPS):
        start, before = members.coef[: members.size[0]].copy(), gradient.copy()
        guess = expected if leap == 0 else gradient
        if _leap(members, factor, watched, gradient, guess, aim, positive):
            if aim == goal:
                return True
            now, aim = aim, goal
        else:
            members.coef[: members.size[0]] = start
            gradient[:] = before
            if not refill(factor, members):
                return False
            aim = 0.5 * (now + aim)
    return False


@njit(cache=True, nogil=True)
def _leap(
    members: WorkingSet,
    factor: Factor,
    watched: IntArray,
    gradient: FloatArray,
    expected: FloatArray,
    alpha: float,
    positive: bool,
) -> bool:
    """To the optimum at `alpha`. False where the guesses go in circles, or the support explains
    a feature that should enter.

    Whose gradient is `expected` to exceed alpha enters at once: mostly that saves a solution.
    """
    active = np.zeros(len(gradient), np.bool_)
    active[factor.slot[: factor.size[0]]] = True
    foreseen = _violators(watched, active, expected, alpha, positive)
    if factor.size[0] + len(foreseen) <= _MOST_FORESEEN * len(factor.slot):
        signs = np.sign(expected[foreseen])
        append_all(factor, members.gram, foreseen, signs, _PIVOT_FORESEEN)
        active[factor.slot[: factor.size[0]]] = True
    for _ in range(_MOST_SOLUTIONS):
        _solve(members, factor, watched, active, gradient, alpha)
        left = _drop(members, factor, watched, active, gradient)
        entering = _violators(watched, active, gradient, alpha, positive)
        signs = np.sign(gradient[entering])
        if left == 0 and len(entering) == 0:
            return True
        if not append_all(factor, members.gram, entering, signs, LEAST_PIVOT):
            return False
        active[entering] = True
    return False


@njit(cache=True, nogil=True)
def refill(factor: Factor, members: WorkingSet) -> bool:
    """Makes the factor that of all members with a coefficient; False where they explain another."""
    used = np.flatnonzero(members.coef[: members.size[0]])
    factor.size[0] = 0
    filled: bool = append_all(factor, members.gram, used, np.sign(members.coef[used]), LEAST_PIVOT)
    return filled


@njit(cache=True, nogil=True)
def _solve(
    members: WorkingSet,
    factor: Factor,
    watched: IntArray,
    active: NDArray[np.bool_],
    gradient: FloatArray,
    alpha: float,
) -> None:
    """Brings the support's gradients to alpha in size, whatever becomes of the others."""
    size, slot, sign = factor.size[0], factor.slot, factor.sign
    right = np.zeros(padded(size))
    for k in range(size):
        right[k] = gradient[slot[k]] - alpha * sign[k]
        gradient[slot[k]] = alpha * sign[k]
    step = solve(factor, right)
    spread = np.zeros(members.size[0])
    for k in range(size):
        spread[slot[k]] = step[k]
        members.coef[slot[k]] += step[k]
    _follow(members, watched, active, gradient, spread)


@njit(cache=True, nogil=True)
def _follow(
    members: WorkingSet,
    watched: IntArray,
    active: NDArray[np.bool_],
    gradient: FloatArray,
    spread: FloatArray,
) -> None:
    """Brings the idle ones' gradients to where the coefficients went by `spread` (members,)."""
    idle, count = np.empty(len(watched), np.int64), 0
    for one in watched:
        idle[count] = one
        count += not active[one]
    fall = np.empty(count)
    products(spread, members.gram, idle[:count], fall)
    for k in range(count):
        gradient[idle[k]] -= fall[k]


@njit(cache=True, nogil=True)
def _violators(
    watched: IntArray,
    active: NDArray[np.bool_],
    gradient: FloatArray,
    alpha: float,
    positive: bool,
) -> IntArray:
    """Idle slots whose gradient exceeds alpha."""
    most = alpha * (1.0 + _ROUNDING)
    found = np.empty(len(watched), np.int64)
    count = 0
    for slot in watched:
        size = gradient[slot] if positive else abs(gradient[slot])
        if size > most and not active[slot]:
            found[count] = slot
            count += 1
    return found[:count]


@njit(cache=True, nogil=True)
def _drop(
    members: WorkingSet,
    factor: Factor,
    watched: IntArray,
    active: NDArray[np.bool_],
    gradient: FloatArray,
) -> int:
    """Takes out who changed sign, the last first, and moves the others to where they solve without
    it; returns how many.
    """
    dropped = 0
    spread = np.zeros(members.size[0])
    for place in range(factor.size[0] - 1, -1, -1):
        slot = factor.slot[place]
        coef = members.coef[slot]
        if coef * factor.sign[place] > 0.0:
            continue
        share = remove(factor, place)
        share *= -coef / share[place]
        for k in range(factor.size[0]):
            step = share[k + (k >= place)]
            spread[factor.slot[k]] += step
            members.coef[factor.slot[k]] += step
        spread[slot] -= coef
        members.coef[slot] = 0.0
        active[slot] = False
        dropped += 1
    if dropped > 0:
        _follow(members, watched, active, gradient, spread)
    return dropped
