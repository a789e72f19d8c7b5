"""A box of voxels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from serving.radiomics.imaging.image import Mask

Bounds = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Box:
    """Half-open index bounds along (slices, rows, columns)."""

    planes: Bounds
    rows: Bounds
    columns: Bounds

    @property
    def bounds(self) -> tuple[Bounds, Bounds, Bounds]:
        """(slices, rows, columns)."""
        return self.planes, self.rows, self.columns

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """For indexing an array (slices, rows, columns)."""
        return slice(*self.planes), slice(*self.rows), slice(*self.columns)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(slices, rows, columns)."""
        planes, rows, columns = (upper - lower for lower, upper in self.bounds)
        return planes, rows, columns

    def grown(self, margins: tuple[int, int, int], within: tuple[int, int, int]) -> Box:
        """The box with margins on both sides, clipped to an array of shape `within`."""
        return Box(
            *(
                (max(lower - margin, 0), min(upper + margin, size))
                for (lower, upper), margin, size in zip(self.bounds, margins, within, strict=True)
            )
        )

    def shifted(self, by: Box) -> Box:
        """The box in the indices of the array that `by` was cut from."""
        return Box(
            *(
                (lower + start, upper + start)
                for (lower, upper), (start, _) in zip(self.bounds, by.bounds, strict=True)
            )
        )

    def relative_to(self, other: Box) -> Box:
        """The box in the indices of an array cut out by `other`."""
        return Box(
            *(
                (lower - start, upper - start)
                for (lower, upper), (start, _) in zip(self.bounds, other.bounds, strict=True)
            )
        )


def bounding_box(mask: Mask) -> Box | None:
    """The smallest box around a mask (slices, rows, columns); None where the mask is empty."""
    flat = mask.reshape(mask.shape[0], -1)
    planes = _extent(np.any(flat, axis=1))
    if planes is None:
        return None
    shadow: Mask = np.any(mask[slice(*planes)], axis=0)
    rows, columns = _extent(np.any(shadow, axis=1)), _extent(np.any(shadow, axis=0))
    return Box(planes, rows, columns) if rows and columns else None


def voxels_within(
    distance_mm: float, spacing_mm: tuple[float, float, float]
) -> tuple[int, int, int]:
    """How many voxels reach over a distance, along (slices, rows, columns)."""
    planes, rows, columns = (math.ceil(distance_mm / side) for side in spacing_mm)
    return planes, rows, columns


def _extent(line: Mask) -> Bounds | None:
    found = np.flatnonzero(line)
    return (int(found[0]), int(found[-1]) + 1) if len(found) else None
