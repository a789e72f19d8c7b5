"""Spatial autocorrelation of a region's intensities: Moran's I and Geary's C (IBSI 3.1).

Both are sums over all pairs of voxels, weighted by the inverse of their distance. On a regular
grid such a sum is a convolution, so that the Fourier transforms of mask and intensities give it
exactly, in n log n instead of n squared steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn, fft2, next_fast_len, rfft

from serving.domain.volume import Float64
from serving.radiomics.imaging.image import Mask

Complex128 = NDArray[np.complex128]
_BLOCK = 4
"""Spatial frequencies along slices that are handled at once; bounds the memory."""


@dataclass(frozen=True, slots=True)
class Autocorrelation:
    """NaN where a region is flat or has one voxel."""

    moran_i: float
    geary_c: float


@dataclass(frozen=True, slots=True)
class _PairSums:
    """Over ordered pairs of different voxels i, j with weight w and deviations d."""

    weights: float
    products: float
    """Of w d(i) d(j)."""
    squares: float
    """Of w d(i) d(i)."""


def autocorrelation(
    values: Float64, mask: Mask, spacing_mm: tuple[float, float, float]
) -> Autocorrelation:
    """Moran's I and Geary's C of the voxels of a mask, each pair weighted by 1 / distance.

    Arrays are (slices, rows, columns), best cropped to the mask. Source: IBSI 3.1, tags N365 and
    NPT7.
    """
    inside = values[mask]
    count = len(inside)
    deviations = np.zeros(mask.shape)
    deviations[mask] = inside - inside.mean()
    spread = float(np.vdot(deviations, deviations))
    if count < 2 or inside.min() == inside.max():
        return Autocorrelation(math.nan, math.nan)
    sums = _pair_sums(deviations, mask, spacing_mm)
    return Autocorrelation(
        moran_i=count / sums.weights * sums.products / spread,
        geary_c=(count - 1) / sums.weights * (sums.squares - sums.products) / spread,
    )


def _pair_sums(
    deviations: Float64, mask: Mask, spacing_mm: tuple[float, float, float]
) -> _PairSums:
    lengths = [2 * next_fast_len(size, real=True) for size in mask.shape]
    kernel = _kernel_spectrum(lengths, spacing_mm)
    fields = (mask.astype(np.float64), deviations, deviations**2)
    planes = [rfft(field, lengths[0], axis=0) for field in fields]
    totals = np.zeros(3)
    for start in range(0, len(kernel), _BLOCK):
        rows = slice(start, start + _BLOCK)
        ones, first, second = (fft2(plane[rows], lengths[1:], axes=(1, 2)) for plane in planes)
        # Frequencies along slices other than the lowest and the highest stand for two.
        share = np.full(len(kernel[rows]), 2.0)
        share[[n for n in range(len(share)) if start + n in (0, len(kernel) - 1)]] = 1.0
        weight = kernel[rows] * share[:, None, None]
        totals += [_dot(weight, ones, ones), _dot(weight, first, first), _dot(weight, ones, second)]
    weights, products, squares = (totals / math.prod(lengths)).tolist()
    return _PairSums(weights, products, squares)


def _kernel_spectrum(lengths: list[int], spacing_mm: tuple[float, float, float]) -> Float64:
    """The transform of 1 / distance on a periodic grid; real and even, as the kernel is.

    Returns (lengths[0] / 2 + 1, lengths[1], lengths[2]).
    """
    squares = [
        (np.arange(length // 2 + 1) * side) ** 2
        for length, side in zip(lengths, spacing_mm, strict=True)
    ]
    distances = np.sqrt(squares[0][:, None, None] + squares[1][:, None] + squares[2])
    distances[0, 0, 0] = math.inf
    octant = dctn(1 / distances, type=1, overwrite_x=True)
    rows, columns = (
        np.concatenate([np.arange(length // 2 + 1), np.arange(length // 2 - 1, 0, -1)])
        for length in lengths[1:]
    )
    return np.asarray(octant[:, rows][:, :, columns])


def _dot(weight: Float64, one: Complex128, other: Complex128) -> float:
    return float(np.sum(weight * (one.real * other.real + one.imag * other.imag)))
