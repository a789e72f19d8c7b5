"""Grids of voxels in the patient, and where points of the patient lie on them."""

from __future__ import annotations

from math import prod

import numpy as np

from serving.dicom import refusals
from serving.dicom.settings import DicomSettings
from serving.domain.errors import UnsupportedImage
from serving.domain.volume import Float64, Geometry

_LEAST_SPACING_MM = 1e-4
_FLAT = 1e-6
"""Volume of a voxel over that of a box with its edges, below which its axes share a plane."""


def regular_grid(shape: tuple[int, int, int], affine_lps: Float64) -> Geometry:
    """The grid of `shape` (slices, rows, columns) with evenly spaced slices.

    `affine_lps` maps (column, row, slice, 1) to LPS mm. Raises UnsupportedImage where it is none.
    """
    require_axes(affine_lps)
    bare = Geometry(shape, affine_lps, np.zeros(1))
    first = float(affine_lps[:3, 3] @ bare.normal)
    offsets = first + np.arange(shape[0], dtype=np.float64) * bare.slice_spacing_mm
    return Geometry(shape, affine_lps, np.asarray(offsets, dtype=np.float64))


def require_axes(affine_lps: Float64) -> None:
    """Raises UnsupportedImage unless the affine has three finite axes that span space."""
    axes = affine_lps[:3, :3]
    lengths = np.linalg.norm(axes, axis=0)
    usable = bool(np.isfinite(affine_lps).all()) and lengths.min() > _LEAST_SPACING_MM
    if not usable or abs(np.linalg.det(axes)) < _FLAT * np.prod(lengths):
        raise UnsupportedImage(
            "expected spacings above 0 mm along three directions, and the header of an image file "
            "says otherwise; export it with its geometry"
        )


def require_size(shape: tuple[int, ...], settings: DicomSettings) -> None:
    """Raises UnsupportedImage where a volume is empty or its float64 voxels would be too many."""
    if min(shape) < 1:
        raise UnsupportedImage("expected an image of at least one voxel, and an empty one came")
    limit, found = settings.max_decoded_bytes // 8, prod(shape)
    if found > limit:
        raise refusals.too_large("voxels of an image", limit, found)


def to_index(grid: Geometry, points_lps_mm: Float64) -> Float64:
    """Fractional (column, row, slice) indices (n, 3) of patient points (n, 3).

    Slice indices follow the true positions of the slices; beyond the first and the last one they
    go on by the regular spacing.
    """
    offsets = grid.slice_offsets_mm
    distance = points_lps_mm @ grid.normal
    count = np.arange(len(offsets), dtype=np.float64)
    beyond = distance - np.clip(distance, offsets[0], offsets[-1])
    slices = np.interp(distance, offsets, count) + beyond / grid.slice_spacing_mm
    regular_mm = offsets[0] + slices * grid.slice_spacing_mm
    shift = (distance - regular_mm)[:, None] * grid.affine_lps[:3, 2] / grid.slice_spacing_mm
    inverse = np.linalg.inv(grid.affine_lps)
    found = (points_lps_mm - shift) @ inverse[:3, :3].T + inverse[:3, 3]
    return np.column_stack((found[:, :2], slices))
