"""The square field of each axial slice that a model sees, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64

Float32 = NDArray[np.float32]

OUTSIDE_HU = -1024
"""What lies beyond the images, and the least value sent."""
_WHOLE_FRAME_SHARES = (0.8, 1.2)
"""A square frame this near to the wanted field is sent as it is."""


@dataclass(frozen=True, slots=True)
class ModelField:
    """A field in canonical axial slices (rows to posterior, columns to left), in mm.

    Coordinates start at the outer corner of the first voxel.
    """

    frame_shape: tuple[int, int]
    """(rows, columns) of the canonical slices."""
    frame_spacing_mm: tuple[float, float]
    corner_mm: tuple[float, float]
    side_mm: tuple[float, float]
    model_shape: tuple[int, int]

    @classmethod
    def around(
        cls,
        lungs: NDArray[np.bool_],
        frame_spacing_mm: tuple[float, float],
        model_shape: tuple[int, int],
        side_mm: float,
    ) -> ModelField:
        """The whole frame where it is square and of about the wanted side, else a square of
        that side around the lungs; a larger one where they would not fit."""
        shape = (lungs.shape[1], lungs.shape[2])
        frame = (shape[0] * frame_spacing_mm[0], shape[1] * frame_spacing_mm[1])
        low, high = (share * side_mm for share in _WHOLE_FRAME_SHARES)
        if abs(frame[0] - frame[1]) < 0.02 * side_mm and low <= frame[0] <= high:
            return cls(shape, frame_spacing_mm, (0.0, 0.0), frame, model_shape)
        rows = _extent_mm(np.asarray(lungs.any(axis=(0, 2))), frame_spacing_mm[0])
        columns = _extent_mm(np.asarray(lungs.any(axis=(0, 1))), frame_spacing_mm[1])
        side = max(side_mm, 1.1 * (rows[1] - rows[0]), 1.1 * (columns[1] - columns[0]))
        corner = ((sum(rows) - side) / 2, (sum(columns) - side) / 2)
        return cls(shape, frame_spacing_mm, corner, (side, side), model_shape)

    @property
    def pixel_mm(self) -> tuple[float, float]:
        """(row, column) spacing of the model's grid."""
        return self.side_mm[0] / self.model_shape[0], self.side_mm[1] / self.model_shape[1]

    def to_model(self, slices: NDArray[np.int16]) -> NDArray[np.int16]:
        """Slices (n, rows, columns) on the model's grid, by area where it is coarser."""
        rows, columns = (self._forward(axis) for axis in (0, 1))
        result = np.empty((len(slices), *self.model_shape), dtype=np.int16)
        for index, plane in enumerate(slices):
            above = np.maximum(plane, OUTSIDE_HU).astype(np.float32) - OUTSIDE_HU
            result[index] = np.rint(rows @ above @ columns.T + OUTSIDE_HU)
        return result

    def to_frame(self, plane: Float32) -> Float32:
        """One plane of the model's grid on the frame, interpolated linearly; 0 outside."""
        return np.asarray(self._backward(0) @ plane @ self._backward(1).T, dtype=np.float32)

    def labels_to_model(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Labels (n, rows, columns) of the frame at the model's pixel centres; 0 outside."""
        return _sample(labels, *(self._model_positions(axis) for axis in (0, 1)))

    def labels_to_frame(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Labels (n, rows, columns) of the model's grid on the frame, nearest; 0 outside."""
        return _sample(labels, *(self._frame_positions(axis) for axis in (0, 1)))

    def _forward(self, axis: int) -> Float32:
        """(model, frame) weights: shares of area, or of a triangle where the frame is coarser."""
        pixel, voxel = self.pixel_mm[axis], self.frame_spacing_mm[axis]
        centres = self.corner_mm[axis] + (np.arange(self.model_shape[axis]) + 0.5) * pixel
        voxels = (np.arange(self.frame_shape[axis]) + 0.5) * voxel
        if pixel < voxel:
            return _triangle((centres[:, None] - voxels[None, :]) / voxel)
        left = np.maximum(centres[:, None] - pixel / 2, voxels[None, :] - voxel / 2)
        right = np.minimum(centres[:, None] + pixel / 2, voxels[None, :] + voxel / 2)
        return np.asarray(np.maximum(right - left, 0) / pixel, dtype=np.float32)

    def _backward(self, axis: int) -> Float32:
        """(frame, model) weights of linear interpolation."""
        positions = self._frame_positions(axis)
        return _triangle(positions[:, None] - np.arange(self.model_shape[axis])[None, :])

    def _frame_positions(self, axis: int) -> Float64:
        """Frame voxel centres as fractional indices of the model's grid."""
        voxels = (np.arange(self.frame_shape[axis]) + 0.5) * self.frame_spacing_mm[axis]
        return np.asarray((voxels - self.corner_mm[axis]) / self.pixel_mm[axis] - 0.5)

    def _model_positions(self, axis: int) -> Float64:
        """Model pixel centres as fractional indices of the frame."""
        pixels = (np.arange(self.model_shape[axis]) + 0.5) * self.pixel_mm[axis]
        return np.asarray((self.corner_mm[axis] + pixels) / self.frame_spacing_mm[axis] - 0.5)


def _sample(labels: NDArray[np.uint8], rows: Float64, columns: Float64) -> NDArray[np.uint8]:
    """The nearest label at every crossing of fractional rows and columns."""
    row, column = np.rint(rows).astype(np.intp), np.rint(columns).astype(np.intp)
    row_inside = (row >= 0) & (row < labels.shape[1])
    column_inside = (column >= 0) & (column < labels.shape[2])
    row, column = row * row_inside, column * column_inside
    inside = row_inside[:, None] & column_inside[None, :]
    return np.asarray(labels[:, row[:, None], column[None, :]] * inside, dtype=np.uint8)


def _triangle(distance: Float64) -> Float32:
    return np.asarray(np.maximum(1.0 - np.abs(distance), 0.0), dtype=np.float32)


def _extent_mm(seen: NDArray[np.bool_], spacing_mm: float) -> tuple[float, float]:
    """From the outer edge of the first to that of the last index seen."""
    indices = np.flatnonzero(seen)
    return float(indices[0] * spacing_mm), float((indices[-1] + 1) * spacing_mm)
