"""From the planes of a frame to the pixels that a model sees, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.pipelines.model_field import Float32, ModelField
from serving.pipelines.window import Window

OUTSIDE_HU = -1024
"""What lies beyond the images, and the least value sent."""

Int16 = NDArray[np.int16]


class Resampler:
    """Resamples windows of one field; the weights are worked out once for all planes."""

    def __init__(self, field: ModelField) -> None:
        self._factor = field.whole_factor
        self._forward = (field.forward_weights(0), field.forward_weights(1))
        self._backward = (field.backward_weights(0), field.backward_weights(1))

    def to_model(self, plane: Int16, window: Window) -> Int16:
        """A window of the model's grid over one plane (rows, columns) of the frame, in HU.

        Means over area where the model's grid is coarser, else linear.
        """
        if self._factor:
            return _block_means(plane, window, self._factor)
        rows, columns = self._forward[0][window.inside[0]], self._forward[1][window.inside[1]]
        high, wide = _used(rows), _used(columns)
        above = np.maximum(plane[high, wide], OUTSIDE_HU).astype(np.float32) - OUTSIDE_HU
        means = rows[:, high] @ above @ columns[:, wide].T
        return np.rint(means + OUTSIDE_HU).astype(np.int16)

    def to_frame(self, probabilities: Float32, window: Window, target: Window) -> Float32:
        """A window of the model's grid, interpolated linearly on a window of the frame.

        `window` must hold `target`; what lies outside the model's grid is 0.
        """
        if self._factor == 1:
            top, left = target.top - window.top, target.left - window.left
            rows, columns = target.shape
            return probabilities[top : top + rows, left : left + columns]
        rows_by = self._backward[0][target.inside[0], window.inside[0]]
        columns_by = self._backward[1][target.inside[1], window.inside[1]]
        return np.asarray(rows_by @ probabilities @ columns_by.T, dtype=np.float32)


def _block_means(plane: Int16, window: Window, factor: int) -> Int16:
    """Means of blocks of `factor` x `factor` voxels, without a weight in sight."""
    high, wide = (slice(part.start * factor, part.stop * factor) for part in window.inside)
    block = np.maximum(plane[high, wide], OUTSIDE_HU)
    if factor == 1:
        return block
    total = np.zeros(window.shape, dtype=np.int32)
    for row in range(factor):
        for column in range(factor):
            total += block[row::factor, column::factor]
    return np.rint(total / np.float32(factor * factor)).astype(np.int16)


def _used(weights: Float32) -> slice:
    """The columns that hold a weight; an empty slice where none does."""
    indices = np.flatnonzero(weights.any(axis=0))
    return slice(int(indices[0]), int(indices[-1]) + 1) if len(indices) else slice(0, 0)
