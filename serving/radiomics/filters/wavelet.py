"""Undecimated separable wavelets (IBSI-2, 25BO)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import pywt

from serving.domain.volume import Float64
from serving.radiomics.filters.boundary import Boundary
from serving.radiomics.filters.cascade import AXES, Support
from serving.radiomics.filters.filter import Source
from serving.radiomics.filters.kernel import Kernel, centred, dilated, radius
from serving.radiomics.filters.rotation import Arm, Pooling, pooled

FAMILIES: tuple[str, ...] = tuple(pywt.wavelist(kind="discrete"))


def bands(dimensions: int) -> tuple[str, ...]:
    """Name all sub-bands: L low pass or H high pass along columns, rows and, in 3D, slices."""
    return tuple("".join(letters) for letters in product("LH", repeat=dimensions))


@dataclass(frozen=True, slots=True)
class SeparableWavelet:
    """One sub-band of one level of an undecimated wavelet decomposition.

    Each level but the last passes the image through the low pass along every axis; the kernels of
    level j have 2 ** (j - 1) - 1 zeros between their weights. Filters are not rescaled, so that a
    low pass multiplies a constant by the square root of two an axis.
    """

    family: str
    band: str
    level: int = 1
    pooling: Pooling | None = None
    boundary: Boundary = "mirror"

    def support_voxels(self, spacing_mm: tuple[float, float, float]) -> Support:
        """Say how far the filter reads."""
        reach = [0, 0, 0]
        for axis, letter in zip(AXES, self.band, strict=False):
            reach[axis] = sum(radius(kernel) for kernel in self._arm(letter))
        return reach[0], reach[1], reach[2]

    def response(self, source: Source) -> Float64:
        """Compute the response map."""
        arms = tuple(self._arm(letter) for letter in self.band)
        return pooled(source.cascade(self.boundary), arms, self.pooling)

    def _arm(self, letter: str) -> Arm:
        low, high = _decomposition(self.family)
        letters = "L" * (self.level - 1) + letter
        return tuple(dilated(low if name == "L" else high, 2**n) for n, name in enumerate(letters))


def _decomposition(family: str) -> tuple[Kernel, Kernel]:
    wavelet = pywt.Wavelet(family)
    return centred(wavelet.dec_lo), centred(wavelet.dec_hi)
