"""Riesz transforms of filtered images (IBSI-2, AYRS)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from serving.domain.volume import Float64
from serving.radiomics.filters.filter import Filter, Source
from serving.radiomics.filters.simoncelli import Simoncelli, frequencies


@dataclass(frozen=True, slots=True)
class Riesz:
    """A Riesz transform of another filter's response, not steered.

    `orders` are the powers of the frequencies along columns, rows and, in 3D, slices. The
    transform is defined by its spectrum and reads the whole image, which is periodic.
    """

    orders: tuple[int, ...]
    base: Filter

    def support_voxels(self, spacing_mm: tuple[float, float, float]) -> None:
        """Say that the filter reads the whole image."""

    def response(self, source: Source) -> Float64:
        """Compute the response map."""
        axes = tuple(range(3 - len(self.orders), 3))
        spectrum = self._base_spectrum(source, axes)
        spectrum *= self.transfer(tuple(spectrum.shape[axis] for axis in axes))
        response: Float64 = fft.ifftn(spectrum, axes=axes, overwrite_x=True).real.copy()
        return response

    def _base_spectrum(self, source: Source, axes: tuple[int, ...]) -> NDArray[np.complex128]:
        if isinstance(self.base, Simoncelli):
            # On an even grid its response has an imaginary part, which the product needs.
            return self.base.spectrum(source)
        spectrum: NDArray[np.complex128] = fft.fftn(self.base.response(source), axes=axes)
        return spectrum

    def transfer(self, shape: tuple[int, ...]) -> NDArray[np.complex128]:
        """Sample (-i)^L sqrt(L! / (l1! l2! l3!)) v1^l1 v2^l2 v3^l3 / |v|^L, frequency zero first.

        A constant has no direction: frequency zero is not passed.
        """
        total = sum(self.orders)
        powers, squares = np.ones(shape), np.zeros(shape)
        for axis, order in zip(frequencies(shape), reversed(self.orders), strict=True):
            powers = powers * axis**order
            squares = squares + axis**2
        lengths = np.sqrt(squares) ** total
        ratio = np.divide(powers, lengths, out=np.zeros(shape), where=squares > 0)
        ways = math.factorial(total) / math.prod(math.factorial(order) for order in self.orders)
        ratio[(0,) * len(shape)] = 0.0
        sampled: NDArray[np.complex128] = (-1j) ** total * math.sqrt(ways) * ratio
        return sampled
