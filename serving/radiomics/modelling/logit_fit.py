"""Logistic regression of one variable without penalty, by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from serving.domain.volume import Float64

_STEPS = 50
_RIDGE = 1e-9
_STEEPEST = 1e3


@dataclass(frozen=True, slots=True)
class LogitLine:
    """logit(p) = intercept + slope * x."""

    intercept: float
    slope: float


def fit_line(x: Float64, target: Float64) -> LogitLine:
    """The line of greatest likelihood for `target` in 0..1; (cases,) both.

    Where the classes separate the likelihood has no maximum: the slope stops growing at a bound.
    """
    design = np.column_stack([np.ones_like(x), x])
    beta = np.zeros(2)
    for _ in range(_STEPS):
        p = expit(design @ beta)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + _RIDGE * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (target - p))
        beta = beta + np.clip(step, -_STEEPEST / _STEPS, _STEEPEST / _STEPS)
        if np.abs(step).max() < 1e-10:
            break
    return LogitLine(float(beta[0]), float(beta[1]))


def fit_offset(x: Float64, target: Float64) -> float:
    """The intercept of greatest likelihood where the slope is held at 1."""
    intercept = 0.0
    for _ in range(_STEPS):
        p = expit(intercept + x)
        step = float((target - p).sum() / ((p * (1 - p)).sum() + _RIDGE))
        intercept += float(np.clip(step, -2.0, 2.0))
        if abs(step) < 1e-10:
            break
    return intercept


def fit_platt(decision: Float64, positive: Float64) -> LogitLine:
    """Platt's sigmoid with his smoothed targets (Platt 1999, section 2.2)."""
    up = float(positive.sum())
    down = positive.size - up
    target = np.where(positive > 0, (up + 1) / (up + 2), 1 / (down + 2))
    return fit_line(decision, target)
