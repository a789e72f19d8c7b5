"""From scores out of fold to figures with intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64
from serving.radiomics.modelling.bootstrap import Bootstrap
from serving.radiomics.modelling.calibration import calibrate
from serving.radiomics.modelling.concordance import concordance
from serving.radiomics.modelling.cross_validation import FoldResult, OutOfFold
from serving.radiomics.modelling.decision_curve import decision_curve
from serving.radiomics.modelling.delong import auc, delong
from serving.radiomics.modelling.evaluation import (
    BinaryPerformance,
    FoldSummary,
    SurvivalPerformance,
)
from serving.radiomics.modelling.feature_table import FeatureTable
from serving.radiomics.modelling.interval import Interval, percentile_interval
from serving.radiomics.modelling.outcome import Binary, Survival
from serving.radiomics.modelling.roc import bootstrap_auc, roc_curve
from serving.radiomics.modelling.settings import TrainingSettings
from serving.radiomics.modelling.survival_curves import SurvivalBin, risk_curves, survival_bins

Flags = NDArray[np.bool_]
_CONCORDANCE_DRAWS = 500


def evaluate_binary(
    table: FeatureTable, outcome: Binary, found: OutOfFold, settings: TrainingSettings
) -> BinaryPerformance:
    """Discrimination, calibration and net benefit of two classes."""
    positive, level = outcome.positive, settings.confidence
    bootstrap = _bootstrap(table, settings)
    at_threshold = _AtThreshold(found.called, positive, bootstrap, level)
    share = float(positive.mean())
    return BinaryPerformance(
        positives=int(positive.sum()),
        names=outcome.names,
        auc_delong=delong(found.scores, positive, table.groups, level),
        auc_bootstrap=bootstrap_auc(found.scores, positive, bootstrap, level),
        auc_by_repeat=tuple(auc(row, positive) for row in found.scores),
        accuracy=at_threshold.share(np.ones_like(positive)),
        sensitivity=at_threshold.share(positive),
        specificity=at_threshold.share(~positive),
        positive_predictive_value=at_threshold.predictive(called=True),
        negative_predictive_value=at_threshold.predictive(called=False),
        brier=_brier(found.scores, positive.astype(np.float64), bootstrap, level),
        brier_of_prevalence=share * (1 - share),
        roc=roc_curve(found.scores, positive, bootstrap, level),
        calibration=calibrate(found.scores, positive, bootstrap, level),
        decision=decision_curve(found.scores, positive),
    )


def evaluate_survival(
    table: FeatureTable, outcome: Survival, found: OutOfFold, settings: TrainingSettings
) -> SurvivalPerformance:
    """Discrimination, risk groups and calibration at one time; curves are of the first repeat."""
    by_repeat = tuple(concordance(row, outcome) for row in found.scores)
    draws = [
        np.mean([concordance(row[rows], outcome.take(rows)) for row in found.scores])
        for rows in _bootstrap(table, settings).rows(_CONCORDANCE_DRAWS)
    ]
    value = float(np.mean(by_repeat))
    curves, p_value = risk_curves(outcome, found.called[0], settings.confidence)
    horizon = found.horizon or 0.0
    bins: tuple[SurvivalBin, ...] = ()
    if found.survival is not None:
        predicted = found.survival.mean(axis=0)
        bins = survival_bins(predicted, outcome, horizon, settings.confidence)
    return SurvivalPerformance(
        events=int(outcome.event.sum()),
        concordance=percentile_interval(value, np.array(draws), settings.confidence),
        concordance_by_repeat=by_repeat,
        horizon=horizon,
        calibration=bins,
        curves=curves,
        logrank_p=p_value,
    )


def fold_summary(table: FeatureTable, result: FoldResult) -> FoldSummary:
    """What a report says of one outer fold."""
    return FoldSummary(
        repeat=result.repeat,
        cases=int(result.test.size),
        model=str(result.candidate),
        threshold=result.threshold,
        features=tuple(table.names[column] for column in result.sources),
        rank_score=None if np.isnan(result.rank_score) else result.rank_score,
    )


def _bootstrap(table: FeatureTable, settings: TrainingSettings) -> Bootstrap:
    return Bootstrap(table.cases, table.groups, settings.bootstraps, settings.seed)


def _brier(scores: Float64, target: Float64, bootstrap: Bootstrap, level: float) -> Interval:
    """Brier (1950): the mean squared error of probabilities."""
    each = ((scores - target) ** 2).mean(axis=0)
    draws = bootstrap.means(each, np.ones_like(each))
    return percentile_interval(float(each.mean()), draws, level)


class _AtThreshold:
    """Shares of cases called rightly; `called` is bool (repeats, cases)."""

    def __init__(self, called: Flags, positive: Flags, bootstrap: Bootstrap, level: float) -> None:
        self._called = called
        self._right = (called == positive).mean(axis=0)
        self._positive, self._bootstrap, self._level = positive, bootstrap, level

    def share(self, of: Flags) -> Interval:
        """Rightly called cases among `of`, (cases,), one of which at least is."""
        return self._ratio(self._right * of, of.astype(np.float64))

    def predictive(self, *, called: bool) -> Interval | None:
        """Among cases called positive (or negative) those that are; None where none is called."""
        chosen = self._called == called
        if not chosen.any():
            return None
        hits = (chosen & (self._positive == called)).mean(axis=0)
        return self._ratio(hits, chosen.mean(axis=0))

    def _ratio(self, top: Float64, bottom: Float64) -> Interval:
        value = float(top.sum()) / float(bottom.sum())
        return percentile_interval(value, self._bootstrap.means(top, bottom), self._level)
