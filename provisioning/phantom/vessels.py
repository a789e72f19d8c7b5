"""Branching vessels that grow from each hilum towards the pleura."""

from __future__ import annotations

import numpy as np

from provisioning.phantom.anatomy import LEFT_HILUM, RIGHT_HILUM, lung_distance
from provisioning.phantom.shapes import Capsule
from serving.domain.volume import Float64

_ROOTS = 9
_LEVELS = 8
_NARROWER = 0.78
_SHORTER = 0.88
_ROOT_RADIUS_MM = 4.4
_ROOT_LENGTH_MM = 26.0
_TRIES = 4
_GOLDEN_ANGLE = 2.4
"""Radians; turns one root after another to front and back without clusters."""


def grow_vessels(rng: np.random.Generator) -> tuple[Capsule, ...]:
    """Rods from thick to thin; branches that would leave the lung end there."""
    found: list[Capsule] = []
    for hilum, side in ((RIGHT_HILUM, -1.0), (LEFT_HILUM, 1.0)):
        for root in range(_ROOTS):
            height = 2.6 * (root / (_ROOTS - 1) - 0.5)
            towards = np.array([side, 1.2 * np.cos(_GOLDEN_ANGLE * root), height])
            _grow(found, rng, np.array(hilum), towards, 0)
    return tuple(found)


def _grow(
    found: list[Capsule], rng: np.random.Generator, start: Float64, towards: Float64, level: int
) -> None:
    radius, length = _ROOT_RADIUS_MM * _NARROWER**level, _ROOT_LENGTH_MM * _SHORTER**level
    for _ in range(_TRIES):
        way = towards / np.linalg.norm(towards) + rng.normal(0, 0.35, 3)
        end = start + way / np.linalg.norm(way) * length * rng.uniform(0.7, 1.2)
        if level == 0 or _inside(end, margin_mm=2.0):
            break
    else:
        return
    found.append(Capsule(_point(start), _point(end), radius))
    if level + 1 < _LEVELS:
        for _ in range(2):
            _grow(found, rng, end, end - start, level + 1)


def _inside(point: Float64, margin_mm: float) -> bool:
    x, y, z = (np.array([value], dtype=np.float32) for value in point)
    return bool(lung_distance((x, y, z))[0] < -margin_mm)


def _point(values: Float64) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
