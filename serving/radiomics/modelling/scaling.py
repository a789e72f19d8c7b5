"""Fits imputation and scaling."""

from __future__ import annotations

from typing import Literal

import numpy as np

from serving.domain.volume import Float64
from serving.radiomics.modelling.steps import FillMissing, Standardise

_SIGMAS_OF_QUARTILES = 1.3489795003921634
"""Distance of the quartiles of a normal distribution in standard deviations."""


def fit_fill(x: Float64, method: Literal["median", "mean"]) -> FillMissing:
    """What missing values of each feature become; no feature is missing throughout."""
    return FillMissing(np.nanmedian(x, axis=0) if method == "median" else np.nanmean(x, axis=0))


def fit_scale(x: Float64, method: Literal["standard", "robust", "none"]) -> Standardise:
    """Mean and standard deviation (divisor n, as scikit-learn's), or median and quartiles."""
    if method == "none":
        return Standardise(np.zeros(x.shape[1]), np.ones(x.shape[1]))
    deviation = x.std(axis=0)
    if method == "standard":
        return Standardise(x.mean(axis=0), deviation)
    low, middle, high = np.percentile(x, [25, 50, 75], axis=0)
    spread = (high - low) / _SIGMAS_OF_QUARTILES
    return Standardise(middle, np.where(spread > 0, spread, deviation))
