"""Gradients of all features in all folds, from features laid out in tiles.

A product of few rows with a large matrix is bound by memory: a library's packs the matrix anew at
each call. Here a tile's sums for all folds stay in the first cache while each feature is read once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from serving.radiomics.selection.lasso_folds import FloatArray
from serving.radiomics.selection.lasso_vectors import subtract, subtract_four

WIDTH = 256
"""Features of a tile: of ten folds the sums take 20 KiB, four samples' features 8 KiB."""


def in_tiles(rows: FloatArray) -> FloatArray:
    """(tiles, samples, WIDTH) of `rows` (samples, features); zeros fill the last tile."""
    samples, features = rows.shape
    count = -(-features // WIDTH)
    filled = np.zeros((samples, count * WIDTH))
    filled[:, :features] = rows
    return np.ascontiguousarray(filled.reshape(samples, count, WIDTH).transpose(1, 0, 2))


@njit(cache=True, nogil=True)
def pulls(left: FloatArray, tiles: FloatArray, features: int) -> FloatArray:
    """(folds, features): each feature times the weighted residuals `left` (folds, samples)."""
    folds = len(left)
    found = np.empty((folds, features))
    less = -left
    for tile in range(len(tiles)):
        sums = np.zeros((folds, WIDTH))
        _add_samples(sums, less, tiles[tile])
        first = tile * WIDTH
        last = min(first + WIDTH, features)
        for f in range(folds):
            found[f, first:last] = sums[f, : last - first]
    return found


@njit(cache=True, nogil=True)
def _add_samples(sums: FloatArray, less: FloatArray, tile: FloatArray) -> None:
    folds, samples = less.shape
    whole = samples // 4 * 4
    for i in range(0, whole, 4):
        for f in range(folds):
            step = less[f, i : i + 4]
            if step[0] != 0.0 or step[1] != 0.0 or step[2] != 0.0 or step[3] != 0.0:
                subtract_four(sums[f], step, tile[i], tile[i + 1], tile[i + 2], tile[i + 3])
    for i in range(whole, samples):
        for f in range(folds):
            subtract(sums[f], less[f, i], tile[i])
