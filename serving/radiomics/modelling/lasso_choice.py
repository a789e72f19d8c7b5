"""Chooses features by LassoCV, as radiomics studies do for two classes as well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64
from serving.radiomics.modelling.feature_table import FeatureTable
from serving.radiomics.modelling.folds import most_folds, split
from serving.radiomics.modelling.outcome import Binary, Outcome, Survival
from serving.radiomics.selection.lasso_cv import LassoCV

_MOST_ITERATIONS = 20_000


@dataclass(frozen=True, slots=True)
class LassoPath:
    """What LassoCV saw: mean squared error over folds for each penalty.

    `alphas`, `error_mean` and `error_sd` (over folds) are (penalties,), penalties descending.
    """

    chosen: NDArray[np.int64]
    coefficients: Float64
    alpha: float
    alphas: Float64
    error_mean: Float64
    error_sd: Float64
    folds: int


def choose_by_lasso(
    x: Float64,
    table: FeatureTable,
    outcome: Outcome,
    folds: int,
    most: int | None,
    seed: int,
) -> LassoPath:
    """The columns of `x` with a coefficient at the penalty of least error; maybe none.

    Two classes are regressed as 0 and 1. Times to event are regressed as martingale residuals of
    the model without features (Therneau, Grambsch & Fleming, Biometrika 1990), whose slope is the
    score of Cox's partial likelihood at 0. Groups are not split. `most` keeps the largest.
    """
    count = max(2, min(folds, most_folds(table, outcome)))
    splits = [(fold.training, fold.test) for fold in split(table, outcome, count, seed)]
    model = LassoCV(cv=splits, max_iter=_MOST_ITERATIONS).fit(x, _response(outcome))
    chosen = np.flatnonzero(model.coef_)
    if most is not None:
        largest = np.argsort(-np.abs(model.coef_[chosen]), kind="stable")[:most]
        chosen = np.sort(chosen[largest])
    return LassoPath(
        chosen=chosen.astype(np.int64),
        coefficients=np.array(model.coef_[chosen]),
        alpha=float(model.alpha_),
        alphas=np.array(model.alphas_),
        error_mean=np.array(model.mse_path_.mean(axis=1)),
        error_sd=np.array(model.mse_path_.std(axis=1, ddof=1)),
        folds=count,
    )


def martingale_residuals(outcome: Survival) -> Float64:
    """Event less Nelson and Aalen's cumulative hazard at each case's time, (cases,)."""
    times, events = np.unique(outcome.time[outcome.event], return_counts=True)
    at_risk = (outcome.time >= times[:, None]).sum(axis=1)
    hazard = np.concatenate([[0.0], np.cumsum(events / at_risk)])
    at = np.searchsorted(times, outcome.time, side="right")
    return np.asarray(outcome.event.astype(np.float64) - hazard[at])


def _response(outcome: Outcome) -> Float64:
    if isinstance(outcome, Binary):
        return outcome.positive.astype(np.float64)
    return martingale_residuals(outcome)
