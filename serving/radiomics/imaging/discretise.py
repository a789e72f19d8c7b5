"""Grey levels of a region (IBSI 2.7)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.domain.errors import InvalidRequest
from serving.domain.volume import Float64
from serving.radiomics.imaging.box import bounding_box
from serving.radiomics.imaging.region import Levels, Region
from serving.radiomics.settings import Discretisation

MOST_LEVELS = 65536
"""As many as a 16-bit image has; more are a bin size that does not fit the intensities."""


@dataclass(frozen=True, slots=True)
class Bins:
    """The grey levels of some intensities, int32 1..count in the intensities' order."""

    levels: NDArray[np.int32]
    count: int
    width: float
    lowest: float


def bins_of(
    intensities: Float64, discretisation: Discretisation, range_start: float | None
) -> Bins:
    """Discretise the intensities of a region, float64 (voxels,), at least one.

    `range_start` is the lower end of the re-segmentation range, where bins of a fixed size start
    unless `discretisation.lowest` says otherwise. Without discretisation whole numbers from 1 on
    stand for themselves, and are shifted so that the least becomes 1 where it lies below. Raises
    InvalidRequest for fractions without discretisation, intensities below the first bin, and more
    than `MOST_LEVELS` levels.
    """
    least, most = float(intensities.min()), float(intensities.max())
    if discretisation.method == "fixed_bin_number":
        return _fixed_number(intensities, discretisation.bins, least, most)
    if discretisation.method == "fixed_bin_size":
        lowest = _first_of(discretisation.lowest, range_start, least)
        return _fixed_size(intensities, discretisation.bin_size, lowest)
    if np.any(intensities != np.rint(intensities)):
        raise InvalidRequest(
            "Without discretisation intensities must be whole numbers, and this region has "
            "fractions; choose a fixed bin number or a fixed bin size."
        )
    return _fixed_size(intensities, 1.0, _first_of(discretisation.lowest, min(least, 1.0)))


def levels_of(
    region: Region, discretisation: Discretisation, range_start: float | None = None
) -> Levels:
    """A region's grey levels on the bounding box of its morphological mask; see `bins_of`."""
    box = bounding_box(region.morphological)
    if box is None or not region.intensity.any():
        raise InvalidRequest("The region has no voxels to discretise; check its mask and range.")
    mask = region.intensity[box.slices]
    bins = bins_of(region.values[box.slices][mask], discretisation, range_start)
    levels = np.zeros(mask.shape, dtype=np.int32)
    levels[mask] = bins.levels
    return Levels(
        levels=levels,
        count=bins.count,
        spacing_mm=region.spacing_mm,
        morphological=np.ascontiguousarray(region.morphological[box.slices]),
        bin_width=bins.width,
        lowest=bins.lowest,
    )


def _first_of(*candidates: float | None) -> float:
    return next(candidate for candidate in candidates if candidate is not None)


def _fixed_number(intensities: Float64, count: int, least: float, most: float) -> Bins:
    width = (most - least) / count
    if most <= least or width == 0:
        return Bins(np.ones(len(intensities), dtype=np.int32), 1, 0.0, least)
    levels = np.floor(count * (intensities - least) / (most - least)).astype(np.int32) + 1
    return Bins(np.minimum(levels, count, out=levels), count, width, least)


def _fixed_size(intensities: Float64, width: float, lowest: float) -> Bins:
    positions = np.floor((intensities - lowest) / width)
    if positions.min() < 0:
        raise InvalidRequest(
            f"The first bin starts at {lowest:g}, and the region has intensities below; "
            "re-segment to a range that starts there, or choose a lower start."
        )
    if positions.max() >= MOST_LEVELS:
        raise InvalidRequest(
            f"A bin size of {width:g} gives {positions.max() + 1:.0f} grey levels, more than "
            f"{MOST_LEVELS}; choose larger bins or a fixed bin number."
        )
    levels = positions.astype(np.int32) + 1
    return Bins(levels, int(levels.max()), width, lowest)
