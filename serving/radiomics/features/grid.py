"""Grey levels as one flat, padded array: neighbours are offsets that never leave it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Direction = tuple[int, int, int]

IN_PLANE: tuple[Direction, ...] = ((0, 0, 1), (0, 1, 0), (0, 1, 1), (0, 1, -1))
"""(slice, row, column): one of each pair of opposite directions, Chebyshev distance 1, 2D."""
IN_SPACE: tuple[Direction, ...] = (
    *IN_PLANE,
    *((1, row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)),
)
"""The 13 directions of 3D, those in the plane first."""


@dataclass(frozen=True, slots=True)
class LevelGrid:
    """Grey levels with a border of zeros one voxel wide, flattened.

    `voxels` holds the flat indices of the region's voxels in ascending order, hence slice by
    slice; those of slice n are `voxels[slice_starts[n]:slice_starts[n + 1]]`.
    """

    levels: Int32
    voxels: Int64
    slice_starts: Int64
    strides: tuple[int, int, int]
    """Flat distance of neighbouring (slices, rows, columns)."""

    @classmethod
    def of(cls, levels: Int32) -> LevelGrid:
        """From levels (slices, rows, columns), 0 outside the region."""
        padded = flat_padded(levels)
        slices, rows, columns = (size + 2 for size in levels.shape)
        voxels = np.flatnonzero(padded)
        bounds = np.arange(1, slices) * (rows * columns)
        starts = np.searchsorted(voxels, bounds)
        return cls(padded, voxels, starts, (rows * columns, columns, 1))

    @property
    def whole(self) -> Int64:
        """Bounds of `voxels` where all slices are taken together."""
        return np.array([0, len(self.voxels)])

    def offset(self, direction: Direction) -> int:
        """The flat distance of a neighbour."""
        return sum(step * stride for step, stride in zip(direction, self.strides, strict=True))

    def offsets(self, directions: Sequence[Direction]) -> Int64:
        """The flat distances of neighbours, one way."""
        return np.array([self.offset(direction) for direction in directions])

    def neighbours(self, directions: Sequence[Direction]) -> Int64:
        """The flat distances of neighbours, both ways, ascending as memory does."""
        one_way = self.offsets(directions)
        return np.sort(np.concatenate([one_way, -one_way]))


def flat_padded(values: NDArray[np.int32]) -> Int32:
    """The array with a border of zeros one voxel wide, flattened."""
    padded = np.zeros([size + 2 for size in values.shape], np.int32)
    padded[1:-1, 1:-1, 1:-1] = values
    return padded.ravel()
