"""Sampling grids and shapes whose volumes are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64, Geometry


def rotation(angles_deg: tuple[float, float, float]) -> Float64:
    """Rotation by angles about x, then y, then z."""
    a, b, c = np.deg2rad(angles_deg)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def geometry(
    axes: Float64,
    spacing_mm: tuple[float, float, float],
    side_mm: float,
    tilt_deg: float = 0.0,
    jitter: Float64 | None = None,
) -> Geometry:
    """A grid centred on the origin that holds a cube of `side_mm`.

    `axes` holds the unit directions of columns, rows and slices as its columns; `spacing_mm` is
    (slice, row, column); `jitter` moves each slice by a share of the spacing.
    """
    shape = tuple(int(np.ceil(side_mm / s)) + 2 for s in spacing_mm)
    slice_mm, row_mm, column_mm = spacing_mm
    lean = axes[:, 2] + np.tan(np.deg2rad(tilt_deg)) * axes[:, 1]
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack((axes[:, 0] * column_mm, axes[:, 1] * row_mm, lean * slice_mm))
    centre = (np.array(shape[::-1]) - 1) / 2
    affine[:3, 3] = -affine[:3, :3] @ centre
    offsets = np.arange(shape[0], dtype=np.float64) * slice_mm
    if jitter is not None:
        offsets[1:-1] += np.resize(jitter, shape[0] - 2) * slice_mm
    return Geometry((shape[0], shape[1], shape[2]), affine, offsets)


def voxel_centres(grid: Geometry) -> Float64:
    """(slices, rows, columns, 3) in LPS mm."""
    slices, rows, columns = grid.shape
    k, j, i = np.meshgrid(np.arange(slices), np.arange(rows), np.arange(columns), indexing="ij")
    indices = np.column_stack((i.ravel(), j.ravel(), k.ravel())).astype(np.float64)
    return grid.to_lps_mm(indices).reshape(slices, rows, columns, 3)


@dataclass(frozen=True)
class Ellipsoid:
    """Centre and half axes in LPS mm."""

    centre_mm: tuple[float, float, float]
    half_mm: tuple[float, float, float]

    @property
    def volume_ml(self) -> float:
        return float(4 / 3 * np.pi * np.prod(self.half_mm) / 1000.0)

    def on(self, centres_mm: Float64) -> NDArray[np.bool_]:
        scaled = (centres_mm - np.array(self.centre_mm)) / np.array(self.half_mm)
        return np.asarray((scaled**2).sum(axis=-1) <= 1.0)
