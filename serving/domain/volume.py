"""A CT volume with its place in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

RAS_FROM_LPS: Float64 = np.diag([-1.0, -1.0, 1.0, 1.0])
"""NIfTI's axes run to right-anterior-superior, DICOM's to left-posterior-superior."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where voxel centres lie, in DICOM's patient coordinates (LPS, mm; PS3.3 C.7.6.2).

    `affine_lps` maps (column, row, slice, 1) indices to (x, y, z, 1) mm on a regular grid; its
    third column may lean against the slice normal (gantry tilt). `slice_offsets_mm` are the true
    positions of the slices along the slice normal, ascending with the slice index; they differ
    from the regular grid where spacing is uneven or slices are missing.
    """

    shape: tuple[int, int, int]
    """(slices, rows, columns)."""
    affine_lps: Float64
    slice_offsets_mm: Float64

    @property
    def column_spacing_mm(self) -> float:
        """Distance between neighbouring columns (DICOM Pixel Spacing, second value)."""
        return float(np.linalg.norm(self.affine_lps[:3, 0]))

    @property
    def row_spacing_mm(self) -> float:
        """Distance between neighbouring rows (DICOM Pixel Spacing, first value)."""
        return float(np.linalg.norm(self.affine_lps[:3, 1]))

    @property
    def normal(self) -> Float64:
        """Unit normal of the slices, pointing to ascending slice index."""
        cross = np.cross(self.affine_lps[:3, 0], self.affine_lps[:3, 1])
        unit = cross / np.linalg.norm(cross)
        return unit if unit @ self.affine_lps[:3, 2] >= 0 else -unit

    @property
    def slice_spacing_mm(self) -> float:
        """Regular distance between slices along their normal."""
        return float(abs(self.affine_lps[:3, 2] @ self.normal))

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """(slice, row, column)."""
        return self.slice_spacing_mm, self.row_spacing_mm, self.column_spacing_mm

    @property
    def slice_extents_mm(self) -> Float64:
        """The thickness that each slice stands for: (slices,), regular where spacing is even.

        Half the way to each neighbour, but never more than half the regular spacing into a gap
        larger than 1.5 times it: nobody has seen what lies in a hole.
        """
        regular = self.slice_spacing_mm
        if self.shape[0] == 1:
            return np.array([regular])
        gaps = np.abs(np.diff(self.slice_offsets_mm))
        halves = np.where(gaps > 1.5 * regular, regular, gaps) / 2
        return np.concatenate(([halves[0]], halves)) + np.concatenate((halves, [halves[-1]]))

    @property
    def voxel_volumes_ml(self) -> Float64:
        """Volume of one voxel of each slice, (slices,), in millilitres."""
        return self.slice_extents_mm * self.row_spacing_mm * self.column_spacing_mm / 1000.0

    @property
    def affine_ras(self) -> Float64:
        """The regular grid for NIfTI: (column, row, slice, 1) to RAS mm."""
        return RAS_FROM_LPS @ self.affine_lps

    def to_lps_mm(self, indices: Float64) -> Float64:
        """Patient coordinates (n, 3) of (column, row, slice) indices (n, 3), slices where they are.

        Fractional slice indices are placed between the true positions of their neighbours.
        """
        points = np.asarray(indices, dtype=np.float64)
        nominal = points @ self.affine_lps[:3, :3].T + self.affine_lps[:3, 3]
        lean = self.affine_lps[:3, 2] / max(self.slice_spacing_mm, 1e-9)
        count = np.arange(self.shape[0], dtype=np.float64)
        true_offset = np.interp(
            points[:, 2], count, self.slice_offsets_mm - self.slice_offsets_mm[0]
        )
        shift = true_offset - points[:, 2] * self.slice_spacing_mm
        inside = (points[:, 2] >= 0) & (points[:, 2] <= count[-1])
        return np.asarray(nominal + np.where(inside, shift, 0.0)[:, None] * lean)


@dataclass(frozen=True, slots=True)
class Volume:
    """A scalar CT volume: `hu` is int16 (slices, rows, columns) in Hounsfield units."""

    hu: NDArray[np.int16]
    geometry: Geometry

    def __post_init__(self) -> None:
        if self.hu.shape != self.geometry.shape:
            raise ValueError("voxels and geometry differ in shape")
