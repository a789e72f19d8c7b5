"""The Laplacian of Gaussian (IBSI-2, L6PA)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from serving.domain.volume import Float64
from serving.radiomics.filters.boundary import Boundary
from serving.radiomics.filters.cascade import AXES, Step, Support
from serving.radiomics.filters.filter import Source
from serving.radiomics.filters.kernel import Kernel

TRUNCATION = 4.0
"""Standard deviations to each side, as in IBSI-2's benchmark."""


@dataclass(frozen=True, slots=True)
class LaplacianOfGaussian:
    """The Laplacian of an image smoothed by a Gaussian; bright blobs answer negatively.

    On voxels of equal sides h it is IBSI-2's filter, with sigma / h for sigma: intensities per
    squared voxel side. Where sides differ, the Gaussian is round in mm and the voxel side is the
    geometric mean of the sides. `scaled` multiplies by the squared sigma in voxel sides, which
    makes responses comparable between scales (Lindeberg 1998).
    """

    sigma_mm: float
    dimensions: int = 3
    boundary: Boundary = "mirror"
    scaled: bool = False

    def support_voxels(self, spacing_mm: tuple[float, float, float]) -> Support:
        """Say how far the filter reads."""
        reach = [0, 0, 0]
        for axis in AXES[: self.dimensions]:
            reach[axis] = _radius(self.sigma_mm / spacing_mm[axis])
        return reach[0], reach[1], reach[2]

    def response(self, source: Source) -> Float64:
        """Compute the response map as a sum of one separable filter an axis."""
        spacing_mm = source.image.spacing_mm
        cascade = source.cascade(self.boundary)
        side_mm = self._side_mm(spacing_mm)
        total = np.zeros(source.image.values.shape)
        for derived in AXES[: self.dimensions]:
            total += cascade.response(self._steps(derived, spacing_mm, side_mm))
        return total * (self.sigma_mm / side_mm) ** 2 if self.scaled else total

    def _side_mm(self, spacing_mm: tuple[float, float, float]) -> float:
        sides = [spacing_mm[axis] for axis in AXES[: self.dimensions]]
        return math.prod(sides) ** (1 / len(sides))

    def _steps(
        self, derived: int, spacing_mm: tuple[float, float, float], side_mm: float
    ) -> tuple[Step, ...]:
        steps = []
        for axis in AXES[: self.dimensions]:
            sigma = self.sigma_mm / spacing_mm[axis]
            factor = (side_mm / spacing_mm[axis]) ** 2
            kernel = _second_derivative(sigma, factor) if axis == derived else _gaussian(sigma)
            steps.append(Step(axis, kernel))
        return tuple(steps)


def _radius(sigma: float) -> int:
    return math.floor(TRUNCATION * sigma + 0.5)


def _sampled(sigma: float) -> tuple[Float64, Float64]:
    places = np.arange(-_radius(sigma), _radius(sigma) + 1, dtype=np.float64)
    density = np.exp(-0.5 * (places / sigma) ** 2) / (math.sqrt(2 * math.pi) * sigma)
    return places, density


def _gaussian(sigma: float) -> Kernel:
    return tuple(_sampled(sigma)[1].tolist())


def _second_derivative(sigma: float, factor: float) -> Kernel:
    places, density = _sampled(sigma)
    return tuple((factor * (places**2 / sigma**4 - 1 / sigma**2) * density).tolist())
