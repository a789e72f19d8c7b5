"""The voxels that resampling gives values to."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from serving.domain.volume import Float64
from serving.radiomics.imaging.box import Box
from serving.radiomics.imaging.image import Image
from serving.radiomics.settings import Interpolation

Spacing = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class GridAxis:
    """Voxel centres along one axis, in voxel indices of the source image: `start + i * step`."""

    start: float
    step: float
    first: int
    """The least i; more than 0 where the grid is a crop of the image's."""
    count: int

    @property
    def positions(self) -> Float64:
        """Source indices of the centres, float64 (count,).

        They are rounded to 1e-9 voxels, so that a centre half-way between two voxels lies there
        exactly and a mask's partial volume of 0.5 is one on every machine.
        """
        indices = np.arange(self.first, self.first + self.count, dtype=np.float64)
        return np.round(self.start + indices * self.step, 9)


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular grid whose centre is that of the source image (IBSI 2.4)."""

    axes: tuple[GridAxis, GridAxis, GridAxis]
    """(slices, rows, columns)."""
    spacing_mm: Spacing

    @property
    def shape(self) -> tuple[int, int, int]:
        """(slices, rows, columns)."""
        planes, rows, columns = self.axes
        return planes.count, rows.count, columns.count

    def crop(self, box: Box) -> Grid:
        """The part of the grid inside a box of its indices."""
        planes, rows, columns = (
            replace(axis, first=axis.first + lower, count=upper - lower)
            for axis, (lower, upper) in zip(self.axes, box.bounds, strict=True)
        )
        return replace(self, axes=(planes, rows, columns))

    def around(self, box: Box, reach: float) -> Box:
        """The grid's voxels less than `reach` source voxels away from a box of source voxels."""
        bounds = []
        for axis, (lower, upper) in zip(self.axes, box.bounds, strict=True):
            least = math.floor((lower - reach - axis.start) / axis.step) - axis.first
            most = math.ceil((upper - 1 + reach - axis.start) / axis.step) - axis.first
            bounds.append((max(least, 0), min(most + 1, axis.count)))
        return Box(*bounds)

    def affine_lps(self, source: Float64) -> Float64:
        """The grid's affine, as `Image` has it, given that of the source image."""
        affine = source.copy()
        for column, axis in zip((2, 1, 0), self.axes, strict=True):
            affine[:3, column] = source[:3, column] * axis.step
            affine[:3, 3] += source[:3, column] * (axis.start + axis.first * axis.step)
        return affine


def grid_of(image: Image, interpolation: Interpolation | None) -> Grid:
    """The grid that an image is resampled to; its own without interpolation.

    Along each axis it has `ceil(n * s / s')` voxels, n and s being the image's count and spacing
    and s' the new spacing; both grids have one centre. Two spacings leave slices as they are.
    Source: IBSI 2.4, "Interpolation".
    """
    wanted: tuple[float | None, ...] = (None, None, None)
    if interpolation is not None:
        spacing = interpolation.spacing_mm
        wanted = spacing if len(spacing) == 3 else (None, *spacing)
    pairs = list(zip(image.values.shape, image.spacing_mm, wanted, strict=True))
    planes, rows, columns = (_axis(count, old, new or old) for count, old, new in pairs)
    plane_mm, row_mm, column_mm = (new or old for _, old, new in pairs)
    return Grid((planes, rows, columns), (plane_mm, row_mm, column_mm))


def _axis(count: int, old_mm: float, new_mm: float) -> GridAxis:
    step = new_mm / old_mm
    # 1e-6 of a voxel is rounding of the spacing, not one more voxel.
    new_count = max(1, math.ceil(count / step - 1e-6))
    return GridAxis((count - 1) / 2 - (new_count - 1) / 2 * step, step, 0, new_count)
