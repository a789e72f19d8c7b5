"""The square field of each axial slice that a model sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64
from serving.pipelines.window import Window

Float32 = NDArray[np.float32]

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
        lungs: Window,
        frame_shape: tuple[int, int],
        frame_spacing_mm: tuple[float, float],
        model_shape: tuple[int, int],
        side_mm: float,
    ) -> ModelField:
        """The whole frame where it is square and of about the wanted side, else a square of
        that side around the lungs of all slices; a larger one where they would not fit."""
        frame = tuple(n * mm for n, mm in zip(frame_shape, frame_spacing_mm, strict=True))
        low, high = (share * side_mm for share in _WHOLE_FRAME_SHARES)
        if abs(frame[0] - frame[1]) < 0.02 * side_mm and low <= frame[0] <= high:
            whole = (frame[0], frame[1])
            return cls(frame_shape, frame_spacing_mm, (0.0, 0.0), whole, model_shape)
        rows = (lungs.top * frame_spacing_mm[0], lungs.bottom * frame_spacing_mm[0])
        columns = (lungs.left * frame_spacing_mm[1], lungs.right * frame_spacing_mm[1])
        side = max(side_mm, 1.1 * (rows[1] - rows[0]), 1.1 * (columns[1] - columns[0]))
        corner = ((sum(rows) - side) / 2, (sum(columns) - side) / 2)
        return cls(frame_shape, frame_spacing_mm, corner, (side, side), model_shape)

    @property
    def pixel_mm(self) -> tuple[float, float]:
        """(row, column) spacing of the model's grid."""
        return self.side_mm[0] / self.model_shape[0], self.side_mm[1] / self.model_shape[1]

    @property
    def whole_factor(self) -> int:
        """Voxels along a model pixel's side where blocks of voxels are the model's pixels, else 0.

        Only a whole frame can be so.
        """
        factor = self.frame_shape[0] // self.model_shape[0]
        blocks = tuple(n * factor for n in self.model_shape)
        whole = self.corner_mm == (0.0, 0.0) and np.allclose(
            self.side_mm, np.multiply(self.frame_shape, self.frame_spacing_mm), rtol=1e-9
        )
        return factor if whole and blocks == self.frame_shape else 0

    def window_on_model(self, target: Window, margin_mm: float) -> Window:
        """The model pixels over a window of the frame and a margin, cut at the model's plane."""
        ends = []
        for axis, (first, last) in enumerate(
            ((target.top, target.bottom), (target.left, target.right))
        ):
            voxel, corner, pixel = (
                mm[axis] for mm in (self.frame_spacing_mm, self.corner_mm, self.pixel_mm)
            )
            low = int(np.floor((first * voxel - corner - margin_mm) / pixel))
            high = int(np.ceil((last * voxel - corner + margin_mm) / pixel))
            most = self.model_shape[axis]
            ends.append((min(max(low, 0), most), min(max(high, 0), most)))
        return Window(ends[0][0], ends[1][0], ends[0][1], ends[1][1])

    def forward_weights(self, axis: int) -> Float32:
        """(model, frame) weights: shares of area, or of a triangle where the frame is coarser."""
        pixel, voxel = self.pixel_mm[axis], self.frame_spacing_mm[axis]
        centres = self.corner_mm[axis] + (np.arange(self.model_shape[axis]) + 0.5) * pixel
        voxels = (np.arange(self.frame_shape[axis]) + 0.5) * voxel
        if pixel < voxel:
            return _triangle((centres[:, None] - voxels[None, :]) / voxel)
        left = np.maximum(centres[:, None] - pixel / 2, voxels[None, :] - voxel / 2)
        right = np.minimum(centres[:, None] + pixel / 2, voxels[None, :] + voxel / 2)
        return np.asarray(np.maximum(right - left, 0) / pixel, dtype=np.float32)

    def backward_weights(self, axis: int) -> Float32:
        """(frame, model) weights of linear interpolation."""
        voxels = (np.arange(self.frame_shape[axis]) + 0.5) * self.frame_spacing_mm[axis]
        positions = np.asarray((voxels - self.corner_mm[axis]) / self.pixel_mm[axis] - 0.5)
        pixels = np.arange(self.model_shape[axis], dtype=np.float64)
        return _triangle(np.asarray(positions[:, None] - pixels[None, :], dtype=np.float64))


def _triangle(distance: Float64) -> Float32:
    return np.asarray(np.maximum(1.0 - np.abs(distance), 0.0), dtype=np.float32)
