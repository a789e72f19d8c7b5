"""Upper, middle and lower thirds of the lungs, by height in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.domain.finding import Zone
from serving.domain.volume import Float64, Geometry
from serving.pipelines.coarse_grid import Bool

ZONES = (Zone.UPPER, Zone.MIDDLE, Zone.LOWER)


@dataclass(frozen=True, slots=True)
class HeightMap:
    """Height in the patient (z, mm, ascending to the head) of every voxel centre of a grid."""

    of_slice_mm: Float64
    of_row_mm: Float64
    of_column_mm: Float64

    @classmethod
    def of(cls, geometry: Geometry) -> HeightMap:
        """Separable over the axes, for slices of any orientation at their true positions."""
        slices, rows, columns = geometry.shape
        zero = np.zeros(slices)
        along = np.column_stack((zero, zero, np.arange(slices, dtype=np.float64)))
        return cls(
            of_slice_mm=geometry.to_lps_mm(along)[:, 2],
            of_row_mm=np.arange(rows) * geometry.affine_lps[2, 1],
            of_column_mm=np.arange(columns) * geometry.affine_lps[2, 0],
        )

    def plane_mm(self, index: int) -> Float64:
        """Heights of one slice, (rows, columns)."""
        return np.asarray(
            self.of_slice_mm[index] + self.of_row_mm[:, None] + self.of_column_mm[None, :]
        )


@dataclass(frozen=True, slots=True)
class ZoneBorders:
    """Both lungs' common extent cut into three of equal height.

    The extent is what the images show: where a lung's apex or base is missing, so is that part
    of its thirds.
    """

    lowest_mm: float
    highest_mm: float

    @classmethod
    def of(cls, lungs: Bool, heights: HeightMap) -> ZoneBorders:
        """From the lowest to the highest voxel centre of a mask that is not empty."""
        extremes: list[float] = []
        for index in np.flatnonzero(lungs.any(axis=(1, 2))):
            inside = heights.plane_mm(int(index))[lungs[index]]
            extremes += [float(inside.min()), float(inside.max())]
        return cls(min(extremes), max(extremes))

    def zone_indices(self, heights_mm: Float64) -> NDArray[np.intp]:
        """Index into ZONES of each height."""
        third = (self.highest_mm - self.lowest_mm) / 3 or 1.0
        from_top = (self.highest_mm - heights_mm) / third
        return np.asarray(np.clip(from_top, 0, 2).astype(np.intp))
