"""Resampling of images and masks (IBSI 2.4)."""

from __future__ import annotations

from typing import cast

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import spline_filter1d

from serving.domain.volume import Float64
from serving.radiomics.imaging.grid import Grid
from serving.radiomics.imaging.image import Mask

_PREFILTER_REACH = 28
"""Voxels: a cubic spline's coefficient depends on one so far away by less than 1e-15."""
_TIE = 1e-9
"""Of partial volume: what floating point may take from a voxel that is half in the region."""


def resample(values: Float64 | Mask, grid: Grid, order: int) -> Float64:
    """Values of a spline of order 0, 1 or 3 through `values` at the centres of a grid.

    `values` is (slices, rows, columns), a mask counting as 0 and 1; returns float64 of the grid's
    shape. Beyond the outermost centres the image goes on with its last value. Only the part of
    the image that the grid needs is read, so that a crop of a grid costs no more than its size and
    has the values of the whole (a cubic spline's to within 1e-14 of the image's range).
    """
    crop, taps = [], []
    for axis, (line, size) in enumerate(zip(grid.axes, values.shape, strict=True)):
        positions = np.clip(line.positions, 0, size - 1)
        indices, weights = _taps(positions, order, size)
        reach = _PREFILTER_REACH if order == 3 else 0
        lower = max(int(indices.min()) - reach, 0)
        crop.append(slice(lower, int(indices.max()) + reach + 1))
        taps.append((axis, indices - lower, weights))
    result = np.ascontiguousarray(values[tuple(crop)], dtype=np.float64)
    for axis, indices, weights in taps:
        if order == 3 and result.shape[axis] > 1:
            result = spline_filter1d(result, order=3, axis=axis, mode="mirror")
        result = _along(result, axis, indices, weights)
    return result


def resample_mask(mask: Mask, grid: Grid, order: int, threshold: float) -> Mask:
    """The grid's voxels whose share of the region, interpolated, is `threshold` or more."""
    return resample(mask, grid, order) >= threshold - _TIE


def _taps(positions: Float64, order: int, size: int) -> tuple[NDArray[np.int64], Float64]:
    """Indices and weights (positions, taps) of the source voxels that make up each value."""
    if order == 0:
        nearest = np.floor(positions + 0.5).astype(np.int64)[:, None]
        return np.minimum(nearest, size - 1), np.ones((len(positions), 1))
    base = np.floor(positions).astype(np.int64)
    share = positions - base
    if order == 1:
        indices = np.stack([base, base + 1], axis=1)
        return np.minimum(indices, size - 1), np.stack([1 - share, share], axis=1)
    indices = base[:, None] + np.arange(-1, 3)
    return _mirrored(indices, size), _cubic_weights(share)


def _cubic_weights(share: Float64) -> Float64:
    """The cubic B-spline at distances 1 + s, s, 1 - s, 2 - s."""
    rest = 1 - share
    return np.stack(
        [
            rest**3 / 6,
            (4 - 6 * share**2 + 3 * share**3) / 6,
            (4 - 6 * rest**2 + 3 * rest**3) / 6,
            share**3 / 6,
        ],
        axis=1,
    )


def _mirrored(indices: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    if size == 1:
        return np.zeros_like(indices)
    folded = np.abs(indices) % (2 * size - 2)
    mirrored: NDArray[np.int64] = np.minimum(folded, 2 * size - 2 - folded)
    return mirrored


def _along(values: Float64, axis: int, indices: NDArray[np.int64], weights: Float64) -> Float64:
    before = int(np.prod(values.shape[:axis]))
    after = int(np.prod(values.shape[axis + 1 :]))
    blocks = values.reshape(before, values.shape[axis], after)
    shape = (*values.shape[:axis], len(indices), *values.shape[axis + 1 :])
    return cast(Float64, _weighted_sums(blocks, indices, weights).reshape(shape))


@njit(cache=True)
def _weighted_sums(blocks: Float64, indices: NDArray[np.int64], weights: Float64) -> Float64:
    out = np.zeros((blocks.shape[0], indices.shape[0], blocks.shape[2]))
    for block in range(blocks.shape[0]):
        for position in range(indices.shape[0]):
            for tap in range(indices.shape[1]):
                weight = weights[position, tap]
                source = blocks[block, indices[position, tap]]
                target = out[block, position]
                for element in range(blocks.shape[2]):
                    target[element] += weight * source[element]
    return out
