"""Simoncelli's non-separable wavelet (IBSI-2, PRT7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from serving.domain.volume import Float64
from serving.radiomics.filters.filter import Source


def frequencies(shape: Sequence[int]) -> list[Float64]:
    """Give each axis's frequencies, one being Nyquist's, shaped to broadcast over the spectrum.

    They run evenly from -1 to 1 with both ends, zero or the least above it first. That is the grid
    of IBSI-2's reference response maps; the discrete Fourier transform's own has steps of 2 / n in
    place of 2 / (n - 1) and leads to differences beyond IBSI's tolerance.
    """
    return [
        fft.ifftshift(_evenly(length)).reshape([-1 if axis == n else 1 for n in range(len(shape))])
        for axis, length in enumerate(shape)
    ]


def _evenly(length: int) -> Float64:
    return np.linspace(-1.0, 1.0, length) if length > 1 else np.zeros(1)


@dataclass(frozen=True, slots=True)
class Simoncelli:
    """A round band pass: level j passes frequencies between 2 ** -(j + 1) and 2 ** (1 - j).

    Frequencies are taken of Nyquist's. The filter is defined by its spectrum and reads the whole
    image, which is periodic: a crop's responses are not the image's.
    """

    level: int = 1
    dimensions: int = 3

    def support_voxels(self, spacing_mm: tuple[float, float, float]) -> None:
        """Say that the filter reads the whole image."""

    def response(self, source: Source) -> Float64:
        """Compute the response map."""
        spectrum = self.spectrum(source)
        axes = tuple(range(3 - self.dimensions, 3))
        response: Float64 = fft.ifftn(spectrum, axes=axes, overwrite_x=True).real.copy()
        return response

    def spectrum(self, source: Source) -> NDArray[np.complex128]:
        """Compute the response map's spectrum, complex128 of the image's shape."""
        values = source.image.values
        axes = tuple(range(3 - self.dimensions, 3))
        spectrum: NDArray[np.complex128] = fft.fftn(values, axes=axes)
        spectrum *= self.transfer([values.shape[axis] for axis in axes])
        return spectrum

    def transfer(self, shape: Sequence[int]) -> Float64:
        """Sample the filter's spectrum for an image of `shape`, frequency zero first."""
        squares = np.zeros(tuple(shape))
        for axis in frequencies(shape):
            squares = squares + axis**2
        distance = np.sqrt(squares) * 2.0 ** (self.level - 1)
        passed = (distance >= 0.25) & (distance <= 1.0)
        octaves = np.log2(2.0 * distance, out=np.ones_like(distance), where=passed)
        return np.where(passed, np.cos(0.5 * np.pi * octaves), 0.0)
