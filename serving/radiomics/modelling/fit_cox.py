"""Fits Cox's proportional hazards and keeps them as plain arithmetic."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.exceptions import ConvergenceError, ConvergenceWarning, StatisticalWarning

from serving.domain.errors import InvalidRequest
from serving.domain.volume import Float64
from serving.radiomics.modelling.candidates import Candidate
from serving.radiomics.modelling.outcome import Survival
from serving.radiomics.modelling.predictors import Cox


def fit_cox(candidate: Candidate, x: Float64, outcome: Survival) -> Cox:
    """Cox with a ridge penalty (lifelines) on `x` (cases, features); the baseline alone without.

    Raises InvalidRequest where the fit does not converge.
    """
    weights = _weights(candidate["penalizer"], x, outcome) if x.shape[1] else np.empty(0)
    offset = -float((x.mean(axis=0) * weights).sum())
    hazard = np.exp((x * weights).sum(axis=1) + offset)
    times, cumulative = breslow(outcome, hazard)
    return Cox(weights, offset, times, cumulative)


def breslow(outcome: Survival, hazard: Float64) -> tuple[Float64, Float64]:
    """Breslow's (1972) cumulative baseline hazard at the times of events.

    `hazard` is exp(log partial hazard), (cases,); returns times and hazards, both (times,).
    """
    times, counts = np.unique(outcome.time[outcome.event], return_counts=True)
    at_risk = (hazard * (outcome.time >= times[:, None])).sum(axis=1)
    return times.astype(np.float64), np.cumsum(counts / at_risk)


def _weights(penalizer: float, x: Float64, outcome: Survival) -> Float64:
    frame = pd.DataFrame(x, columns=[f"x{column}" for column in range(x.shape[1])])
    frame["time"], frame["event"] = outcome.time, outcome.event.astype(int)
    with warnings.catch_warnings():
        for kind in (ConvergenceWarning, StatisticalWarning, RuntimeWarning):
            warnings.simplefilter("ignore", kind)
        try:
            fitted = CoxPHFitter(penalizer=penalizer).fit(frame, "time", "event")
        except (ConvergenceError, np.linalg.LinAlgError):
            raise InvalidRequest(
                "Cox regression does not converge on these features; choose fewer (selection) or "
                "leave out such as repeat each other (highest_correlation)"
            ) from None
    return np.array(fitted.params_, dtype=np.float64)
