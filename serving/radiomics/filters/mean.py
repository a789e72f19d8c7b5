"""The mean filter (IBSI-2, S60F)."""

from __future__ import annotations

from dataclasses import dataclass

from serving.domain.volume import Float64
from serving.radiomics.filters.boundary import Boundary
from serving.radiomics.filters.cascade import AXES, Step, Support, support_of
from serving.radiomics.filters.filter import Source
from serving.radiomics.filters.kernel import box


@dataclass(frozen=True, slots=True)
class Mean:
    """Average over a square or a cube of `size` voxels a side, an odd number."""

    size: int
    dimensions: int = 3
    boundary: Boundary = "mirror"

    def support_voxels(self, spacing_mm: tuple[float, float, float]) -> Support:
        """Say how far the filter reads."""
        return support_of(self._steps())

    def response(self, source: Source) -> Float64:
        """Compute the response map."""
        return source.cascade(self.boundary).response(self._steps())

    def _steps(self) -> tuple[Step, ...]:
        return tuple(Step(axis, box(self.size)) for axis in AXES[: self.dimensions])
