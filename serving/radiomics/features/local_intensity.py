"""Local intensity features (IBSI 3.2, 9ST6)."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.domain.volume import Float64
from serving.radiomics.imaging.box import bounding_box, voxels_within
from serving.radiomics.imaging.image import Mask
from serving.radiomics.imaging.region import Region

RADIUS_MM = 10 * (3 / (4 * math.pi)) ** (1 / 3)
"""Of a sphere of 1 cm3."""
Int64 = NDArray[np.int64]


def features(region: Region) -> dict[str, float]:
    """The local and the global intensity peak, by tag, in intensity units.

    Peaks are means over the voxels whose centres lie in a sphere of 1 cm3, in the mask or not; of
    several voxels with the greatest intensity the one with the highest peak counts. Source: IBSI
    3.2, tags VJGA and 0F91.
    """
    box = bounding_box(region.intensity)
    if box is None:
        return {"loc_peak_loc": math.nan, "loc_peak_glob": math.nan}
    reach = voxels_within(RADIUS_MM, region.spacing_mm)
    wide = box.grown(reach, region.values.shape)
    mask = region.intensity[wide.slices]
    values = region.values[wide.slices]
    highest = values[mask].max()
    runs = _sphere(region.spacing_mm)
    peaks = _peaks(_running_sums(values), mask, runs)
    local = peaks[(values == highest) & mask].max()
    return {"loc_peak_loc": float(local), "loc_peak_glob": float(peaks[mask].max())}


def _sphere(spacing_mm: tuple[float, float, float]) -> Int64:
    """The sphere as runs along columns: (slice offset, row offset, half length)."""
    planes, rows, _ = voxels_within(RADIUS_MM, spacing_mm)
    runs = []
    for plane in range(-planes, planes + 1):
        for row in range(-rows, rows + 1):
            rest = RADIUS_MM**2 - (plane * spacing_mm[0]) ** 2 - (row * spacing_mm[1]) ** 2
            if rest >= 0:
                runs.append((plane, row, math.floor(math.sqrt(rest) / spacing_mm[2])))
    return np.array(runs, dtype=np.int64)


def _running_sums(values: Float64) -> Float64:
    sums = np.zeros((*values.shape[:2], values.shape[2] + 1))
    np.cumsum(values, axis=2, out=sums[:, :, 1:])
    return sums


@njit(cache=True)
def _peaks(sums: Float64, mask: Mask, runs: Int64) -> Float64:
    """Mean over the sphere around each voxel of the mask, elsewhere 0."""
    planes, rows, columns = mask.shape
    peaks = np.zeros(mask.shape)
    total = np.empty(columns)
    count = np.empty(columns, dtype=np.int64)
    for plane in range(planes):
        for row in range(rows):
            inside = mask[plane, row]
            if not inside.any():
                continue
            total[:] = 0.0
            count[:] = 0
            for run in range(len(runs)):
                other_plane, other_row = plane + runs[run, 0], row + runs[run, 1]
                if 0 <= other_plane < planes and 0 <= other_row < rows:
                    _add_run(sums[other_plane, other_row], inside, runs[run, 2], total, count)
            for column in range(columns):
                if inside[column]:
                    peaks[plane, row, column] = total[column] / count[column]
    return peaks


@njit(cache=True)
def _add_run(line: Float64, inside: Mask, half: int, total: Float64, count: Int64) -> None:
    columns = len(total)
    for column in range(columns):
        if inside[column]:
            first, end = max(column - half, 0), min(column + half + 1, columns)
            total[column] += line[end] - line[first]
            count[column] += end - first
