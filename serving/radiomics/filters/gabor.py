"""Gabor filters in the plane (IBSI-2, Q88H)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from serving.domain.volume import Float64
from serving.radiomics.filters.boundary import OUTSIDE, Boundary, sources
from serving.radiomics.filters.cascade import Support
from serving.radiomics.filters.filter import Source

TRUNCATION = 5.0
"""Standard deviations of the envelope's longer axis to each side; IBSI-2 names no end. What is
left out weighs less than a millionth of the envelope."""
Complex128 = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Gabor:
    """The modulus of the response to a plane wave under a Gaussian envelope.

    `wavelength_mm` is IBSI's lambda, `aspect` its gamma: the envelope is sigma long along the
    wave and sigma / gamma across. Angles turn from columns to rows, clockwise as slices are shown.
    With `step_deg` the moduli over a full turn in such steps are averaged. `orthogonal` averages
    over axial, coronal and sagittal planes.
    """

    sigma_mm: float
    wavelength_mm: float
    aspect: float
    theta_deg: float = 0.0
    step_deg: float | None = None
    orthogonal: bool = False
    boundary: Boundary = "mirror"

    def angles_deg(self) -> tuple[float, ...]:
        """List the directions that count: half a turn, as opposite ones have equal moduli."""
        if self.step_deg is None:
            return (self.theta_deg,)
        turn = round(360.0 / self.step_deg)
        count = turn // 2 if turn % 2 == 0 else turn
        return tuple(self.theta_deg + n * self.step_deg for n in range(count))

    def support_voxels(self, spacing_mm: tuple[float, float, float]) -> Support:
        """Say how far the filter reads."""
        plane, row, column = (self._radius(side) for side in spacing_mm)
        return (plane if self.orthogonal else 0), row, column

    def response(self, source: Source) -> Float64:
        """Compute the response map, slice by slice in the frequency domain."""
        planes = (0, 1, 2) if self.orthogonal else (0,)
        total = np.zeros(source.image.values.shape)
        for normal in planes:
            sides = [side for axis, side in enumerate(source.image.spacing_mm) if axis != normal]
            stack = np.moveaxis(source.image.values, normal, 0)
            self._add(stack, (sides[0], sides[1]), np.moveaxis(total, normal, 0))
        return total / (len(planes) * len(self.angles_deg()))

    def _add(self, stack: Float64, sides_mm: tuple[float, float], total: Float64) -> None:
        rows, columns = stack.shape[1:]
        down, across = (self._radius(side) for side in sides_mm)
        shape = (fft.next_fast_len(rows + 2 * down), fft.next_fast_len(columns + 2 * across))
        transfers = [fft.fft2(self.kernel(angle, sides_mm), s=shape) for angle in self.angles_deg()]
        places = sources(rows, down, self.boundary), sources(columns, across, self.boundary)
        valid = slice(2 * down, 2 * down + rows), slice(2 * across, 2 * across + columns)
        for image, result in zip(stack, total, strict=True):
            spectrum = fft.fft2(_extended(image, *places), s=shape)
            for transfer in transfers:
                result += np.abs(fft.ifft2(spectrum * transfer, overwrite_x=True)[valid])

    def kernel(self, angle_deg: float, sides_mm: tuple[float, float]) -> Complex128:
        """Sample the filter on a plane's grid.

        `sides_mm` are the distances between rows and between columns; returns complex128 (rows,
        columns), the filter's centre in the middle.
        """
        down, across = (
            np.arange(-self._radius(side), self._radius(side) + 1) * side for side in sides_mm
        )
        cosine, sine = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
        along = across[None, :] * cosine + down[:, None] * sine
        aside = down[:, None] * cosine - across[None, :] * sine
        envelope = np.exp(-(along**2 + (self.aspect * aside) ** 2) / (2 * self.sigma_mm**2))
        sampled: Complex128 = envelope * np.exp(2j * math.pi * along / self.wavelength_mm)
        return sampled

    def _radius(self, side_mm: float) -> int:
        longer_mm = self.sigma_mm * max(1.0, 1.0 / self.aspect)
        return math.ceil(TRUNCATION * longer_mm / side_mm)


def _extended(image: Float64, down: NDArray[np.int64], across: NDArray[np.int64]) -> Float64:
    grown = image[np.ix_(down, across)]
    grown[down == OUTSIDE, :] = 0.0
    grown[:, across == OUTSIDE] = 0.0
    return grown
