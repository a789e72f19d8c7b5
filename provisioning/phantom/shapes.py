"""Simple bodies by their signed distance in mm: negative inside. Points are LPS mm, float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Points = tuple[Float32, Float32, Float32]
"""x, y and z of the points, of shapes that broadcast."""


class Shape(Protocol):
    """A body that knows its distance and the box around it."""

    def distance(self, points: Points) -> Float32: ...

    @property
    def box(self) -> NDArray[np.float64]:
        """Lower and upper corner, (2, 3)."""
        ...


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """Distance is exact on the surface and good near it."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]

    def distance(self, points: Points) -> Float32:
        squares = (
            np.square((p - np.float32(c)) / np.float32(r))
            for p, c, r in zip(points, self.centre, self.radii, strict=True)
        )
        return np.asarray((np.sqrt(sum(squares)) - 1) * np.float32(min(self.radii)))

    @property
    def box(self) -> NDArray[np.float64]:
        centre, radii = np.array(self.centre), np.array(self.radii)
        return np.stack((centre - radii, centre + radii))


@dataclass(frozen=True, slots=True)
class Capsule:
    """A round rod from `start` to `end`."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    radius: float

    def distance(self, points: Points) -> Float32:
        start = np.array(self.start, dtype=np.float32)
        way = np.array(self.end, dtype=np.float32) - start
        rest = [p - s for p, s in zip(points, start, strict=True)]
        along: Any = sum(r * w for r, w in zip(rest, way, strict=True))
        share = np.clip(along / np.float32(max(float(way @ way), 1e-6)), 0, 1)
        squares = (np.square(r - share * w) for r, w in zip(rest, way, strict=True))
        return np.asarray(np.sqrt(sum(squares)) - np.float32(self.radius))

    @property
    def box(self) -> NDArray[np.float64]:
        ends = np.array([self.start, self.end])
        return np.stack((ends.min(axis=0) - self.radius, ends.max(axis=0) + self.radius))


def coverage(distance_mm: Float32, softness_mm: float) -> Float32:
    """Share of a voxel inside a body: 1 inside, 0 outside, linear over `softness_mm`."""
    share = np.clip(0.5 - distance_mm / np.float32(softness_mm), 0, 1)
    return np.asarray(share, dtype=np.float32)
