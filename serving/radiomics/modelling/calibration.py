"""Do predicted probabilities come true? (Van Calster et al., BMC Medicine 2019.)"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from scipy.stats import norm

from serving.domain.volume import Float64
from serving.radiomics.modelling.bootstrap import Bootstrap
from serving.radiomics.modelling.interval import Interval, percentile_interval
from serving.radiomics.modelling.logit_fit import fit_line, fit_offset

_LEAST = 1e-6
_DRAWS = 300


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Cases of like prediction: the mean predicted and the observed share with its interval."""

    predicted: float
    observed: Interval
    cases: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Slope 1 and intercept 0 are perfect; a slope under 1 says that predictions are too extreme.

    `intercept` is calibration in the large: with the slope held at 1.
    """

    slope: Interval | None
    """None where all predictions are one."""
    intercept: Interval
    bins: tuple[CalibrationBin, ...]


def calibrate(
    scores: Float64, positive: NDArray[np.bool_], bootstrap: Bootstrap, confidence: float
) -> Calibration:
    """Calibration of `scores`, probabilities (repeats, cases), averaged over repeats."""
    logits = logit(np.clip(scores, _LEAST, 1 - _LEAST))
    target = positive.astype(np.float64)
    draws = np.array(
        [
            _line(logits[:, rows], target[rows])
            for rows in bootstrap.rows(_DRAWS)
            if 0 < target[rows].sum() < rows.size
        ]
    )
    slope, intercept = _line(logits, target)
    return Calibration(
        None if np.isnan(slope) else percentile_interval(slope, draws[:, 0], confidence),
        percentile_interval(intercept, draws[:, 1], confidence),
        _bins(scores, target, confidence),
    )


def wilson(share: float, cases: float, confidence: float) -> Interval:
    """Wilson's (1927) score interval of a share of `cases`."""
    z = float(norm.ppf(0.5 + confidence / 2))
    middle = (share + z * z / (2 * cases)) / (1 + z * z / cases)
    spread = share * (1 - share) / cases + z * z / (4 * cases * cases)
    half = z * float(np.sqrt(spread)) / (1 + z * z / cases)
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def _line(logits: Float64, target: Float64) -> tuple[float, float]:
    slopes = [_slope(row, target) for row in logits]
    return float(np.mean(slopes)), float(np.mean([fit_offset(row, target) for row in logits]))


def _slope(row: Float64, target: Float64) -> float:
    """NaN where all predictions are one: a slope then means nothing."""
    return fit_line(row, target).slope if np.ptp(row) > 0 else float("nan")


def _bins(scores: Float64, target: Float64, confidence: float) -> tuple[CalibrationBin, ...]:
    """Equal numbers of predictions, some ten of each at least; repeats stand side by side."""
    repeats, cases = scores.shape
    flat, hit = scores.ravel(), np.tile(target, repeats)
    count = int(np.clip(cases // 20, 2, 10))
    parts = np.array_split(np.argsort(flat, kind="stable"), count)
    return tuple(
        CalibrationBin(
            float(flat[part].mean()),
            wilson(float(hit[part].mean()), part.size / repeats, confidence),
            round(part.size / repeats),
        )
        for part in parts
    )
