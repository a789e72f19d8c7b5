"""The receiver operating characteristic: its curve, its area, and the threshold of Youden."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64
from serving.radiomics.modelling.bootstrap import Bootstrap
from serving.radiomics.modelling.delong import auc
from serving.radiomics.modelling.interval import Interval, percentile_interval

GRID: Float64 = np.linspace(0.0, 1.0, 101)
_BAND_DRAWS = 500


@dataclass(frozen=True, slots=True)
class RocCurve:
    """Sensitivity over 1 - specificity, averaged over repeats, with a pointwise band."""

    false_positive_rate: tuple[float, ...]
    sensitivity: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def sensitivities(scores: Float64, positive: NDArray[np.bool_]) -> Float64:
    """Sensitivity at each 1 - specificity of `GRID`, linear between the curve's corners."""
    order = np.argsort(-scores, kind="stable")
    last = np.r_[np.flatnonzero(np.diff(scores[order])), scores.size - 1]
    hits, alarms = np.cumsum(positive[order])[last], np.cumsum(~positive[order])[last]
    x = np.r_[0.0, alarms / max(1, int((~positive).sum()))]
    y = np.r_[0.0, hits / max(1, int(positive.sum()))]
    # Of equal abscissae `interp` takes the last, the top of a vertical stretch; 0 stays at 0.
    return np.concatenate([[0.0], np.interp(GRID[1:], x, y)])


def roc_curve(
    scores: Float64, positive: NDArray[np.bool_], bootstrap: Bootstrap, confidence: float
) -> RocCurve:
    """The mean curve of `scores` (repeats, cases)."""
    middle = np.mean([sensitivities(row, positive) for row in scores], axis=0)
    draws = [
        np.mean([sensitivities(row[rows], positive[rows]) for row in scores], axis=0)
        for rows in bootstrap.rows(_BAND_DRAWS)
        if 0 < positive[rows].sum() < rows.size
    ]
    tail = 50 * (1 - confidence)
    low, high = np.percentile(draws, [tail, 100 - tail], axis=0)
    return RocCurve(*(tuple(map(float, line)) for line in (GRID, middle, low, high)))


def bootstrap_auc(
    scores: Float64, positive: NDArray[np.bool_], bootstrap: Bootstrap, confidence: float
) -> Interval:
    """The area, averaged over repeats, with the percentile interval."""
    draws = [
        np.mean([auc(row[rows], positive[rows]) for row in scores])
        for rows in bootstrap.rows()
        if 0 < positive[rows].sum() < rows.size
    ]
    value = float(np.mean([auc(row, positive) for row in scores]))
    return percentile_interval(value, np.array(draws), confidence)


def youden_threshold(scores: Float64, positive: NDArray[np.bool_]) -> float:
    """The threshold of greatest sensitivity + specificity (Youden 1950): positive is at or above.

    Halfway between neighbouring scores, so that it does not hang on one case.
    """
    levels = np.unique(scores)
    if levels.size == 1:
        return float(levels[0])
    cuts = (levels[1:] + levels[:-1]) / 2
    hits = _share_at_or_above(scores[positive], cuts)
    alarms = _share_at_or_above(scores[~positive], cuts)
    return float(cuts[int(np.argmax(hits - alarms))])


def _share_at_or_above(scores: Float64, cuts: Float64) -> Float64:
    return 1 - np.searchsorted(np.sort(scores), cuts, side="left") / max(1, scores.size)
