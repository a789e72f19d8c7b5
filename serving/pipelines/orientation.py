"""A volume of any orientation seen along the patient's axes, and masks brought back."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64, Geometry

_AXES_LPS = (2, 1, 0)
"""Patient axis (x left, y posterior, z superior) that each canonical array axis ascends along."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """How a source array (slices, rows, columns) maps to the nearest canonical array.

    Canonical axes: 0 from inferior to superior, 1 from anterior to posterior, 2 from the
    patient's right to left. Axes are only permuted and flipped, so no voxel is resampled; for an
    oblique volume the canonical axes are the nearest ones, within 45 degrees or so.
    """

    order: tuple[int, int, int]
    """Source axis of each canonical axis."""
    flipped: tuple[bool, bool, bool]
    """Whether each canonical axis runs against its source axis."""
    spacing_mm: tuple[float, float, float]
    """Of the canonical axes."""

    @classmethod
    def of(cls, geometry: Geometry) -> Orientation:
        """The orientation whose axes lean least against the patient's axes."""
        cosines = _direction_cosines(geometry)
        order = max(permutations(range(3)), key=lambda axes: _alignment(cosines, axes))
        spacing = geometry.spacing_mm
        return cls(
            order=(order[0], order[1], order[2]),
            flipped=(
                bool(cosines[order[0], _AXES_LPS[0]] < 0),
                bool(cosines[order[1], _AXES_LPS[1]] < 0),
                bool(cosines[order[2], _AXES_LPS[2]] < 0),
            ),
            spacing_mm=(spacing[order[0]], spacing[order[1]], spacing[order[2]]),
        )

    def to_canonical(self, source: NDArray[Any]) -> NDArray[Any]:
        """A view of an array (slices, rows, columns) along the canonical axes."""
        return self._flip(source.transpose(self.order))

    def to_source(self, canonical: NDArray[Any]) -> NDArray[Any]:
        """A view of a canonical array along the source axes: the inverse of `to_canonical`."""
        return self._flip(canonical).transpose(np.argsort(self.order))

    def _flip(self, array: NDArray[Any]) -> NDArray[Any]:
        steps = tuple(slice(None, None, -1 if flip else 1) for flip in self.flipped)
        return array[steps]


def _direction_cosines(geometry: Geometry) -> Float64:
    """Unit vectors in LPS, one row for each source axis (slices, rows, columns)."""
    columns = geometry.affine_lps[:3, [2, 1, 0]]
    return np.asarray((columns / np.linalg.norm(columns, axis=0)).T)


def _alignment(cosines: Float64, order: tuple[int, ...]) -> float:
    return float(sum(abs(cosines[source, _AXES_LPS[i]]) for i, source in enumerate(order)))
