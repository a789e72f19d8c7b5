"""Laws' kernels and the texture energy of their responses (IBSI-2, JTXT and PQSD)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from serving.domain.volume import Float64
from serving.radiomics.filters.boundary import Boundary
from serving.radiomics.filters.cascade import AXES, Cascade, Step, Support
from serving.radiomics.filters.filter import Source
from serving.radiomics.filters.kernel import Kernel, box, radius
from serving.radiomics.filters.rotation import Arms, Pooling, pooled

_WEIGHTS: dict[str, tuple[int, ...]] = {
    "L3": (1, 2, 1),
    "E3": (-1, 0, 1),
    "S3": (-1, 2, -1),
    "L5": (1, 4, 6, 4, 1),
    "E5": (-1, -2, 0, 2, 1),
    "S5": (-1, 0, 2, 0, -1),
    "W5": (-1, 2, 0, -2, 1),
    "R5": (1, -4, 6, -4, 1),
}
LAWS_KERNELS = tuple(_WEIGHTS)


def laws_kernel(name: str) -> Kernel:
    """Give one of Laws' kernels, scaled to unit energy (IBSI-2, table of Laws' kernels)."""
    weights = _WEIGHTS[name]
    return tuple(weight / math.hypot(*weights) for weight in weights)


@dataclass(frozen=True, slots=True)
class Laws:
    """A kernel an axis (columns, rows and, in 3D, slices), pooled over rotations if asked.

    With `energy_distance` d the response is the mean absolute response in the neighbourhood of
    Chebyshev distance d, taken after pooling.
    """

    kernels: tuple[str, ...]
    energy_distance: int | None = None
    pooling: Pooling | None = None
    boundary: Boundary = "mirror"

    def support_voxels(self, spacing_mm: tuple[float, float, float]) -> Support:
        """Say how far the filter reads."""
        radii = [radius(laws_kernel(name)) for name in self.kernels]
        reach = [0, 0, 0]
        for axis, own in zip(AXES, radii, strict=False):
            reach[axis] = (max(radii) if self.pooling else own) + (self.energy_distance or 0)
        return reach[0], reach[1], reach[2]

    def response(self, source: Source) -> Float64:
        """Compute the response map or, where asked, its energy."""
        arms: Arms = tuple((laws_kernel(name),) for name in self.kernels)
        response = pooled(source.cascade(self.boundary), arms, self.pooling)
        if self.energy_distance is None:
            return response
        window = box(2 * self.energy_distance + 1)
        steps = [Step(axis, window) for axis in AXES[: len(self.kernels)]]
        return Cascade(np.abs(response), self.boundary).response(steps)
