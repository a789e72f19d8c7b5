"""First order statistics by pyradiomics' definitions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.radiomics.features.grid import Int32

Float64 = NDArray[np.float64]


def firstorder(values: Float64, levels: Int32, voxel_mm3: float) -> dict[str, float]:
    """The 18 features of intensities (voxels,) and their grey levels, by pyradiomics' names.

    Kurtosis is not reduced by 3, variance is that of the population, and percentiles are
    interpolated. A flat region has skewness and kurtosis 0.
    """
    ordered = np.sort(values)
    low, lower, middle, upper, high = np.percentile(ordered, (10, 25, 50, 75, 90))
    mean, energy = values.mean(), values @ values
    apart = values - mean
    second, third, fourth = (total / len(values) for total in _sums(apart))
    spread = second if second else 1.0
    inner = ordered[np.searchsorted(ordered, low) : np.searchsorted(ordered, high, side="right")]
    counts = np.bincount(levels)
    chances = counts[counts > 0] / len(levels)
    return {
        "10Percentile": float(low),
        "90Percentile": float(high),
        "Energy": float(energy),
        "Entropy": float(-(chances * np.log2(chances)).sum()),
        "InterquartileRange": float(upper - lower),
        "Kurtosis": fourth / spread**2,
        "Maximum": float(ordered[-1]),
        "MeanAbsoluteDeviation": float(np.abs(apart).mean()),
        "Mean": float(mean),
        "Median": float(middle),
        "Minimum": float(ordered[0]),
        "Range": float(ordered[-1] - ordered[0]),
        "RobustMeanAbsoluteDeviation": float(np.abs(inner - inner.mean()).mean()),
        "RootMeanSquared": float(np.sqrt(energy / len(values))),
        "Skewness": third / spread**1.5,
        "TotalEnergy": float(energy * voxel_mm3),
        "Uniformity": float((chances**2).sum()),
        "Variance": second,
    }


def _sums(apart: Float64) -> tuple[float, float, float]:
    """Of the second, third and fourth powers."""
    squares = apart * apart
    return float(squares.sum()), float(squares @ apart), float(squares @ squares)
