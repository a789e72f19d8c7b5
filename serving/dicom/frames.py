"""One slice as the reader knows it before its pixels are decoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from serving.domain.volume import Float64


@dataclass(frozen=True, slots=True)
class Plane:
    """Where a slice lies (PS3.3 C.7.6.2): unit vectors along a row and a column, LPS, mm."""

    position_mm: tuple[float, float, float]
    """Centre of the first pixel (Image Position Patient)."""
    row_direction: tuple[float, float, float]
    """From column to column along a row: the first three values of Image Orientation."""
    column_direction: tuple[float, float, float]
    row_spacing_mm: float
    column_spacing_mm: float
    thickness_mm: float | None

    @property
    def normal(self) -> Float64:
        """The slice normal, turned so that its largest component is positive.

        Axial slices then ascend to the head, whatever the order they were written in.
        """
        found = np.cross(self.row_direction, self.column_direction)
        leading = np.argmax(np.round(np.abs(found), 6))
        return np.asarray(found if found[leading] > 0 else -found)

    def offset_mm(self, normal: Float64) -> float:
        """Position along the unit vector `normal`: one normal for all slices of a volume."""
        return float(np.asarray(self.position_mm) @ normal)


@dataclass(frozen=True, slots=True)
class Rescale:
    """Stored value to Hounsfield units: `stored * slope + intercept` (PS3.3 C.11.1)."""

    slope: float
    intercept: float


@dataclass(frozen=True, slots=True)
class Repeat:
    """What tells the slices of repeated acquisitions within one series apart."""

    acquisition: int
    phase: int
    kernel: str
    time: str


@dataclass(frozen=True, slots=True)
class Frame:
    """One slice: where its pixels are, where it lies, how its values read.

    `plane` or `rescale` None means that the header does not say; such a slice cannot be used.
    """

    path: Path
    index: int
    """Frame within the instance, from 0."""
    sop_instance_uid: str
    instance_number: int
    rows: int
    columns: int
    plane: Plane | None
    rescale: Rescale | None
    padding: int | None
    image_type: tuple[str, ...]
    repeat: Repeat
