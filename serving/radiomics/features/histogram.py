"""Intensity histogram features (IBSI 3.4, ZVCW)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64
from serving.radiomics.features.distribution import shared_statistics
from serving.radiomics.imaging.region import Levels


def features(levels: Levels) -> dict[str, float]:
    """The twenty-three features of the histogram of grey levels, by tag.

    The mode is the one nearest to the mean where several levels are as frequent; gradients of a
    histogram with one level are NaN. Source: IBSI 3.4.
    """
    found = levels.levels[levels.levels > 0]
    counts = np.bincount(found, minlength=levels.count + 1)[1:]
    ascending = np.repeat(np.arange(1.0, len(counts) + 1), counts)
    values = shared_statistics(ascending)
    shares = counts[counts > 0] / len(found)
    values["mode"] = _mode(counts, values["mean"])
    values["entropy"] = max(0.0, float(-(shares @ np.log2(shares))))
    values["uniformity"] = float(shares @ shares)
    values |= _gradients(counts)
    return {f"ih_{name}": value for name, value in values.items()}


def _mode(counts: NDArray[np.int64], mean: float) -> float:
    modes = np.flatnonzero(counts == counts.max()) + 1.0
    return float(modes[np.argmin(np.abs(modes - mean))])


def _gradients(counts: NDArray[np.int64]) -> dict[str, float]:
    if len(counts) < 2:
        return dict.fromkeys(("max_grad", "max_grad_g", "min_grad", "min_grad_g"), math.nan)
    gradient: Float64 = np.gradient(counts.astype(np.float64))
    steepest, lowest = int(np.argmax(gradient)), int(np.argmin(gradient))
    return {
        "max_grad": float(gradient[steepest]),
        "max_grad_g": steepest + 1.0,
        "min_grad": float(gradient[lowest]),
        "min_grad_g": lowest + 1.0,
    }
