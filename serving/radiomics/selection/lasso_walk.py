"""The exact way from one alpha to the next: between changes of the support it is straight.

Source: Osborne 2000, Efron 2004 (the lasso's homotopy), over the candidates alone.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.radiomics.selection.lasso_factor import (
    Factor,
    append,
    direction,
    remove,
    solve,
    with_room,
)
from serving.radiomics.selection.lasso_folds import FloatArray, IntArray
from serving.radiomics.selection.lasso_vectors import products
from serving.radiomics.selection.lasso_working_set import WorkingSet

_INACTIVE, _BARRED, _ACTIVE = 0, 1, 2
_MOST_TURNS = 20
"""Turns allowed for one alpha, per candidate: whoever needs more goes in circles."""


@njit(cache=True, nogil=True)
def walk(
    members: WorkingSet,
    factor: Factor,
    watched: IntArray,
    gradient: FloatArray,
    way: tuple[float, float],
    positive: bool,
) -> tuple[Factor, bool]:
    """Moves the members' coefficients along `way`, from one alpha to a smaller one.

    `watched`: slots without coefficient that may enter; `gradient` (members,): at the way's
    start, changed. False where the walk got lost, which the caller sees to.
    """
    now, goal = way
    state = np.zeros(len(gradient), np.uint8)
    state[factor.slot[: factor.size[0]]] = _ACTIVE
    _settle(members, factor, gradient, now)
    left = -1
    for _ in range(_MOST_TURNS * (len(watched) + factor.size[0]) + _MOST_TURNS):
        ahead = direction(factor)
        idle = watched[state[watched] != _ACTIVE]
        slope = _slope(members, factor, ahead, idle)
        entering, joined = _first_to_enter(gradient, slope, idle, state, now, left, positive)
        leaving, gone = _first_to_leave(members.coef, factor, ahead)
        step = max(0.0, min(now - goal, joined, gone))
        _move(members.coef, factor, ahead, step)
        _fall(gradient, slope, idle, step)
        now -= step
        left = -1
        if gone < joined and gone <= step:
            left = factor.slot[leaving]
            members.coef[left] = 0.0
            gradient[left] = now * factor.sign[leaving]
            state[state == _BARRED] = _INACTIVE
            state[left] = _INACTIVE
            remove(factor, leaving)
            watched = _with(watched, left)
        elif joined <= step:
            factor = with_room(factor)
            sign = 1.0 if gradient[entering] > 0.0 else -1.0
            entered = append(factor, members.gram, entering, sign)
            state[entering] = _ACTIVE if entered else _BARRED
        else:
            return factor, True
    return factor, False


@njit(cache=True, nogil=True)
def rebuilt(factor: Factor, members: WorkingSet) -> tuple[Factor, bool]:
    """The factor of all members with a coefficient; False where they explain each other."""
    factor.size[0] = 0
    for slot in range(members.size[0]):
        coef = members.coef[slot]
        if coef != 0.0:
            factor = with_room(factor)
            if not append(factor, members.gram, slot, np.sign(coef)):
                return factor, False
    return factor, True


@njit(cache=True, nogil=True)
def _with(watched: IntArray, slot: int) -> IntArray:
    for other in watched:
        if other == slot:
            return watched
    return np.append(watched, slot)


@njit(cache=True, nogil=True)
def _settle(members: WorkingSet, factor: Factor, gradient: FloatArray, alpha: float) -> None:
    """Takes back the rounding errors of the way so far: the support's gradients are alpha."""
    size = factor.size[0]
    slots = factor.slot[:size]
    off = gradient[slots] - alpha * factor.sign[:size]
    solve(factor.upper, off)
    for k in range(size):
        new = members.coef[slots[k]] + off[k]
        if new * factor.sign[k] > 0.0:
            members.coef[slots[k]] = new


@njit(cache=True, nogil=True)
def _slope(members: WorkingSet, factor: Factor, ahead: FloatArray, idle: IntArray) -> FloatArray:
    """(idle,): how fast their gradients fall."""
    spread = np.zeros(members.size[0])
    for k in range(len(ahead)):
        spread[factor.slot[k]] = ahead[k]
    slope = np.empty(len(idle))
    products(spread, members.gram, idle, slope)
    return slope


@njit(cache=True, nogil=True)
def _first_to_enter(
    gradient: FloatArray,
    slope: FloatArray,
    idle: IntArray,
    state: NDArray[np.uint8],
    alpha: float,
    left: int,
    positive: bool,
) -> tuple[int, float]:
    """The idle slot whose gradient reaches alpha first, and how far alpha falls until then.

    `left`: who has just left; its gradient stands at alpha and may only reach it with the other
    sign.
    """
    first = -1
    least = np.inf
    for k in range(len(idle)):
        slot = idle[k]
        if state[slot] == _BARRED:
            continue
        value, fall = gradient[slot], slope[k]
        if fall < 1.0 and not (slot == left and value > 0.0):
            reached = (alpha - value) / (1.0 - fall)
            if reached < least:
                first, least = slot, reached
        if fall > -1.0 and not positive and not (slot == left and value < 0.0):
            reached = (alpha + value) / (1.0 + fall)
            if reached < least:
                first, least = slot, reached
    return first, least


@njit(cache=True, nogil=True)
def _first_to_leave(coef: FloatArray, factor: Factor, ahead: FloatArray) -> tuple[int, float]:
    """The supporter whose coefficient reaches zero first, and how far alpha falls until then."""
    first = -1
    least = np.inf
    for k in range(len(ahead)):
        value = coef[factor.slot[k]]
        if value * ahead[k] < 0.0 and -value / ahead[k] < least:
            first, least = k, -value / ahead[k]
    return first, least


@njit(cache=True, nogil=True)
def _move(coef: FloatArray, factor: Factor, ahead: FloatArray, step: float) -> None:
    for k in range(len(ahead)):
        coef[factor.slot[k]] += step * ahead[k]


@njit(cache=True, nogil=True)
def _fall(gradient: FloatArray, slope: FloatArray, idle: IntArray, step: float) -> None:
    for k in range(len(idle)):
        gradient[idle[k]] -= step * slope[k]
