"""Lesions with irregular, soft edges and a volume that is known beforehand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from provisioning.phantom.anatomy import lung_distance
from provisioning.phantom.shapes import Float32, Points
from provisioning.phantom.spec import LesionKind, LesionSpec

_BUMPS = 4
_BUMP_HEIGHT = 0.13
_AMPLITUDE = _BUMP_HEIGHT / (_BUMPS / 2) ** 0.5
_REACH = 1.0 / (1.0 - _BUMPS * _AMPLITUDE)
"""How far the bumps can carry the surface, in radii: all waves at their trough."""


@dataclass(frozen=True, slots=True)
class Lesion:
    """An ellipsoid whose radius is modulated by a few waves through space."""

    spec: LesionSpec
    waves: NDArray[np.float32]
    """(bumps, 3) wave vectors in 1/mm."""
    phases: NDArray[np.float32]

    def distance(self, points: Points) -> Float32:
        """Signed distance in mm to the surface within the lung, about exact near it."""
        return np.maximum(self.free_distance(points), lung_distance(points))

    def free_distance(self, points: Points) -> Float32:
        """The same as if there were no pleura to stop the lesion."""
        x, y, z = points
        scaled = (
            np.square((p - np.float32(c)) / np.float32(r))
            for p, c, r in zip(points, self.spec.centre_mm, self.spec.radii_mm, strict=True)
        )
        level = np.sqrt(sum(scaled))
        waves = (
            np.sin(w[0] * x + w[1] * y + w[2] * z + phase)
            for w, phase in zip(self.waves, self.phases, strict=True)
        )
        bumps = np.float32(_AMPLITUDE) * sum(waves)
        return np.asarray(
            (level * (1 + bumps) - 1) * np.float32(np.mean(self.spec.radii_mm)), dtype=np.float32
        )

    @property
    def box(self) -> NDArray[np.float64]:
        centre, radii = np.array(self.spec.centre_mm), np.array(self.spec.radii_mm) * _REACH
        return np.stack((centre - radii, centre + radii))

    @property
    def softness_mm(self) -> float:
        """Width over which the edge fades; the true surface lies in the middle of it."""
        return 5.0 if self.spec.kind is LesionKind.GROUND_GLASS else 2.5


def make_lesions(specs: tuple[LesionSpec, ...], rng: np.random.Generator) -> tuple[Lesion, ...]:
    """The lesions with bumps of 20 to 40 mm wavelength."""
    return tuple(_make(spec, rng) for spec in specs)


def _make(spec: LesionSpec, rng: np.random.Generator) -> Lesion:
    directions = rng.normal(size=(_BUMPS, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = rng.uniform(20, 40, size=(_BUMPS, 1))
    waves = (2 * np.pi / lengths * directions).astype(np.float32)
    return Lesion(spec, waves, rng.uniform(0, 2 * np.pi, _BUMPS).astype(np.float32))
