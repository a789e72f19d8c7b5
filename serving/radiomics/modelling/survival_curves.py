"""Kaplan and Meier's curves of risk groups, and calibration of survival at one time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from numpy.typing import NDArray

from serving.domain.volume import Float64
from serving.radiomics.modelling.interval import Interval
from serving.radiomics.modelling.outcome import Indices, Survival

_MARKS = 5


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """Observed survival as steps, with its interval (Greenwood, log-log) and numbers at risk."""

    name: str
    times: tuple[float, ...]
    survival: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    mark_times: tuple[float, ...]
    at_risk: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SurvivalBin:
    """Cases of like prediction: mean predicted survival and Kaplan-Meier's at the same time."""

    predicted: float
    observed: Interval
    cases: int


def risk_curves(
    outcome: Survival, high_risk: NDArray[np.bool_], confidence: float
) -> tuple[tuple[SurvivalCurve, ...], float]:
    """Curves of low and high risk, where there are such cases, and the log-rank test's p."""
    marks = np.linspace(0, float(outcome.time.max()), _MARKS + 1)
    curves = []
    for name, chosen in (("low risk", ~high_risk), ("high risk", high_risk)):
        if chosen.any():
            part = outcome.take(np.flatnonzero(chosen))
            curves.append(_curve(name, part, marks, confidence))
    if len(curves) < 2:
        return tuple(curves), 1.0
    low, high = outcome.take(np.flatnonzero(~high_risk)), outcome.take(np.flatnonzero(high_risk))
    test = logrank_test(low.time, high.time, low.event, high.event)
    return tuple(curves), float(test.p_value)


def survival_bins(
    predicted: Float64, outcome: Survival, horizon: float, confidence: float
) -> tuple[SurvivalBin, ...]:
    """Fifths (or fewer) of `predicted`, probabilities (cases,), against Kaplan-Meier's."""
    count = int(np.clip(predicted.size // 20, 2, 5))
    parts = np.array_split(np.argsort(predicted, kind="stable"), count)
    return tuple(_bin(part, predicted, outcome, horizon, confidence) for part in parts)


def _bin(
    part: Indices, predicted: Float64, outcome: Survival, horizon: float, confidence: float
) -> SurvivalBin:
    curve = _curve("", outcome.take(part), np.array([horizon]), confidence)
    at = max(0, int(np.searchsorted(curve.times, horizon, side="right")) - 1)
    observed = Interval(curve.survival[at], curve.low[at], curve.high[at])
    return SurvivalBin(float(predicted[part].mean()), observed, int(part.size))


def _curve(name: str, part: Survival, marks: Float64, confidence: float) -> SurvivalCurve:
    fitted = KaplanMeierFitter(alpha=1 - confidence).fit(part.time, part.event)
    ends = fitted.confidence_interval_.to_numpy()
    # Before the first event the log-log interval is not defined; survival is 1 there.
    ends = np.where(np.isnan(ends), 1.0, ends)
    return SurvivalCurve(
        name=name,
        times=tuple(map(float, fitted.survival_function_.index)),
        survival=tuple(map(float, fitted.survival_function_.iloc[:, 0])),
        low=tuple(map(float, ends[:, 0])),
        high=tuple(map(float, ends[:, 1])),
        mark_times=tuple(map(float, marks)),
        at_risk=tuple(int((part.time >= mark).sum()) for mark in marks),
    )
