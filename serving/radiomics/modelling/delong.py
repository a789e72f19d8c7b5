"""Area under the ROC curve with DeLong's interval, also for grouped cases.

DeLong, DeLong & Clarke-Pearson, Biometrics 1988; Obuchowski, Biometrics 1997 where cases of one
group (lesions of one patient) are not independent. Several repeats of a cross-validation are
averaged in the placements, whose mean is the mean area.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from serving.domain.volume import Float64
from serving.radiomics.modelling.feature_table import Words
from serving.radiomics.modelling.interval import Interval


def auc(scores: Float64, positive: NDArray[np.bool_]) -> float:
    """Mann-Whitney's probability that a positive case scores higher; ties count half."""
    ranks = rankdata(scores)
    up = int(positive.sum())
    down = positive.size - up
    return float((ranks[positive].sum() - up * (up + 1) / 2) / (up * down))


def placements(scores: Float64, positive: NDArray[np.bool_]) -> Float64:
    """For each case the share of the other class on its right side, (cases,)."""
    overall = rankdata(scores)
    up, down = int(positive.sum()), int((~positive).sum())
    share = np.empty(scores.size)
    share[positive] = (overall[positive] - rankdata(scores[positive])) / down
    share[~positive] = 1 - (overall[~positive] - rankdata(scores[~positive])) / up
    return share


def delong(
    scores: Float64,
    positive: NDArray[np.bool_],
    groups: Words | None = None,
    confidence: float = 0.95,
) -> Interval:
    """The area, averaged over repeats, with its interval; `scores` is (repeats, cases)."""
    share = np.mean([placements(row, positive) for row in np.atleast_2d(scores)], axis=0)
    area = float(share[positive].mean())
    half = float(norm.ppf(0.5 + confidence / 2)) * float(
        np.sqrt(_variance(share, positive, groups))
    )
    return Interval(area, max(0.0, area - half), min(1.0, area + half))


def _variance(share: Float64, positive: NDArray[np.bool_], groups: Words | None) -> float:
    """Obuchowski's (1997, section 2) variance; DeLong's where each case is its own group."""
    up, down = int(positive.sum()), int((~positive).sum())
    if up < 2 or down < 2:
        return 0.25
    area = float(share[positive].mean())
    unit = np.arange(share.size) if groups is None else np.unique(groups, return_inverse=True)[1]
    count = int(unit.max()) + 1
    excess_up = np.bincount(unit, np.where(positive, share - area, 0.0), count)
    excess_down = np.bincount(unit, np.where(positive, 0.0, share - area), count)
    with_up = np.unique(unit[positive]).size
    with_down = np.unique(unit[~positive]).size
    var_up = _scaled(with_up) / up * float((excess_up**2).sum())
    var_down = _scaled(with_down) / down * float((excess_down**2).sum())
    both = _scaled(count) * float((excess_up * excess_down).sum())
    return max(0.0, var_up / up + var_down / down + 2 * both / (up * down))


def _scaled(units: int) -> float:
    return units / (units - 1) if units > 1 else 1.0
