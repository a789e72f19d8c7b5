"""Convolution of an image with a kernel along one of its axes."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.domain.volume import Float64
from serving.radiomics.filters.boundary import Boundary, sources
from serving.radiomics.filters.kernel import Kernel, radius

_UNROLLED = 4


def convolve(values: Float64, kernel: Kernel, axis: int, boundary: Boundary) -> Float64:
    """Convolve an image with a centred kernel along one axis.

    `values` is float64 (slices, rows, columns) and finite; returns an array of its shape.
    """
    places, weights = _taps(kernel)
    source = sources(values.shape[axis], radius(kernel), boundary)
    grid = np.ascontiguousarray(values, dtype=np.float64)
    response = np.zeros_like(grid)
    slices, rows, columns = grid.shape
    if axis == 2:
        flat = (slices * rows, columns)
        _along_lines(grid.reshape(flat), places, weights, source, response.reshape(flat))
        return response
    shape = (1, slices, rows, columns) if axis == 0 else (slices, rows, 1, columns)
    _across_lines(grid.reshape(shape), places, weights, source, response.reshape(shape))
    return response


def _taps(kernel: Kernel) -> tuple[NDArray[np.int64], Float64]:
    """Places in the extended line and weights, without zeros, filled up to whole groups."""
    mirrored = np.asarray(kernel[::-1], dtype=np.float64)
    places = np.flatnonzero(mirrored)
    missing = -len(places) % _UNROLLED
    return np.pad(places, (0, missing)).astype(np.int64), np.pad(mirrored[places], (0, missing))


@njit(cache=True)
def _across_lines(
    values: Float64,
    places: NDArray[np.int64],
    weights: Float64,
    source: NDArray[np.int64],
    response: Float64,
) -> None:
    """Along axis 1 of (outer, length, inner, columns): whole lines of columns are added up."""
    outer, length, inner, columns = values.shape
    nothing = np.zeros(columns)
    for a in range(outer):
        for n in range(length):
            for b in range(inner):
                target = response[a, n, b]
                for k in range(0, len(places), 4):
                    s0, s1 = source[n + places[k]], source[n + places[k + 1]]
                    s2, s3 = source[n + places[k + 2]], source[n + places[k + 3]]
                    line0 = values[a, s0, b] if s0 >= 0 else nothing
                    line1 = values[a, s1, b] if s1 >= 0 else nothing
                    line2 = values[a, s2, b] if s2 >= 0 else nothing
                    line3 = values[a, s3, b] if s3 >= 0 else nothing
                    w0, w1, w2, w3 = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
                    for x in range(columns):
                        target[x] += w0 * line0[x] + w1 * line1[x] + w2 * line2[x] + w3 * line3[x]


@njit(cache=True)
def _along_lines(
    values: Float64,
    places: NDArray[np.int64],
    weights: Float64,
    source: NDArray[np.int64],
    response: Float64,
) -> None:
    """Along axis 1 of (lines, length): each line is extended once, then shifted and added up."""
    lines, length = values.shape
    extended = np.zeros(len(source))
    for a in range(lines):
        for n in range(len(source)):
            extended[n] = values[a, source[n]] if source[n] >= 0 else 0.0
        target = response[a]
        for k in range(0, len(places), 4):
            line0, line1 = extended[places[k] :], extended[places[k + 1] :]
            line2, line3 = extended[places[k + 2] :], extended[places[k + 3] :]
            w0, w1, w2, w3 = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
            for x in range(length):
                target[x] += w0 * line0[x] + w1 * line1[x] + w2 * line2[x] + w3 * line3[x]
