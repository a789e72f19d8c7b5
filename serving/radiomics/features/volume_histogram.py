"""Intensity-volume histogram features (IBSI 3.5, P88C)."""

from __future__ import annotations

import math

import numpy as np

from serving.domain.volume import Float64
from serving.radiomics.imaging.discretise import MOST_LEVELS, bins_of
from serving.radiomics.imaging.region import Region
from serving.radiomics.imaging.resegment import finite_bounds
from serving.radiomics.settings import Discretisation

ARBITRARY = Discretisation(method="fixed_bin_number", bins=1000)
"""What IBSI 3.5 has for images of arbitrary units; here for fractions without discretisation."""
Range = tuple[float, float]


def features(
    region: Region, discretisation: Discretisation, intensity_range: Range | None = None
) -> dict[str, float]:
    """Volume and intensity fractions and the area under the curve, by tag.

    `intensity_range` is that of re-segmentation: intensity fractions are shares of it, and of the
    region's own range without one. Bins of a fixed size stand for the intensities of their
    centres. A flat region has no intensity fractions: NaN. Source: IBSI 3.5.
    """
    intensities = region.values[region.intensity]
    grid, fractions = _curve(intensities, discretisation, intensity_range)
    if len(grid) < 2 or grid[-1] <= grid[0]:
        return dict.fromkeys(_TAGS, math.nan)
    shares = (grid - grid[0]) / (grid[-1] - grid[0])
    v10, v90 = (_volume_at(shares, fractions, share) for share in (0.1, 0.9))
    i10, i90 = (_intensity_at(grid, fractions, share) for share in (0.1, 0.9))
    area = float(np.sum((fractions[1:] + fractions[:-1]) * np.diff(shares)) / 2)
    return dict(zip(_TAGS, (v10, v90, i10, i90, v10 - v90, i10 - i90, area), strict=True))


_TAGS = (
    "ivh_v10",
    "ivh_v90",
    "ivh_i10",
    "ivh_i90",
    "ivh_diff_v10_v90",
    "ivh_diff_i10_i90",
    "ivh_auc",
)


def _curve(
    intensities: Float64, discretisation: Discretisation, intensity_range: Range | None
) -> tuple[Float64, Float64]:
    """Intensities of the range and the volume fraction that has each or more."""
    if discretisation.method == "none" and np.any(intensities != np.rint(intensities)):
        discretisation = ARBITRARY
    start, end = finite_bounds(intensity_range)
    if discretisation.method == "none":
        start = math.ceil(start) if start is not None else float(intensities.min())
        discretisation = Discretisation(method="none", lowest=start)
    bins = bins_of(intensities, discretisation, start)
    count = _levels_to(end, bins.lowest, bins.width, bins.count, discretisation)
    found = np.bincount(bins.levels, minlength=count + 1)[1:]
    fractions = np.cumsum(found[::-1])[::-1] / len(intensities)
    levels = np.arange(1.0, len(found) + 1)
    if discretisation.method == "fixed_bin_size":
        return bins.lowest + (levels - 0.5) * bins.width, fractions
    if discretisation.method == "none":
        return bins.lowest + (levels - 1), fractions
    return levels, fractions


def _levels_to(
    end: float | None, lowest: float, width: float, count: int, discretisation: Discretisation
) -> int:
    """How many levels there are up to the end of the range, though none of the last occur."""
    if end is None or discretisation.method == "fixed_bin_number":
        return count
    span = (end - lowest) / width
    wanted = math.floor(span) + 1 if discretisation.method == "none" else math.ceil(span)
    # A range may end far beyond any intensity; the curve then ends where the region does.
    return max(count, wanted) if wanted <= MOST_LEVELS else count


def _volume_at(shares: Float64, fractions: Float64, share: float) -> float:
    # Shares such as 0.1 come out of a division, so the comparison allows for its rounding.
    return float(fractions[np.searchsorted(shares, share - 1e-12)])


def _intensity_at(grid: Float64, fractions: Float64, share: float) -> float:
    """The least intensity that at most a share of the volume has; NaN where there is none."""
    found = np.flatnonzero(fractions <= share + 1e-12)
    return float(grid[found[0]]) if len(found) else math.nan
