"""Branching vessels that grow from each hilum towards the pleura."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from provisioning.phantom.anatomy import LEFT_HILUM, RIGHT_HILUM, lung_distance
from provisioning.phantom.shapes import Capsule
from serving.domain.volume import Float64

_ROOTS = 9
_NARROWER = 0.78
_SHORTER = 0.88
_ROOT_RADIUS_MM = 4.4
_ROOT_LENGTH_MM = 26.0
_TRIES = 4
_GOLDEN_ANGLE = 2.4
"""Radians; turns one root after another to front and back without clusters."""


def grow_vessels(rng: np.random.Generator, levels: int) -> tuple[Capsule, ...]:
    """Rods from thick to thin, `levels` deep; branches that would leave the lung end there."""
    found: list[Capsule] = []
    for hilum, side in ((RIGHT_HILUM, -1.0), (LEFT_HILUM, 1.0)):
        for root in range(_ROOTS):
            height = 2.6 * (root / (_ROOTS - 1) - 0.5)
            towards = np.array([side, 1.2 * np.cos(_GOLDEN_ANGLE * root), height])
            if levels:
                _grow(found, rng, np.array(hilum), towards, levels)
    return tuple(found)


def _grow(
    found: list[Capsule],
    rng: np.random.Generator,
    start: Float64,
    towards: Float64,
    levels: int,
    depth: int = 0,
) -> None:
    ways = towards / np.linalg.norm(towards) + rng.normal(0, 0.35, (_TRIES, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    ends = start + ways * _ROOT_LENGTH_MM * _SHORTER**depth * rng.uniform(0.7, 1.2, (_TRIES, 1))
    inside = _inside(ends, margin_mm=2.0) | (depth == 0)
    if not inside.any():
        return
    end = ends[np.argmax(inside)]
    found.append(Capsule(_point(start), _point(end), _ROOT_RADIUS_MM * _NARROWER**depth))
    if depth + 1 < levels:
        for _ in range(2):
            _grow(found, rng, end, end - start, levels, depth + 1)


def _inside(points: Float64, margin_mm: float) -> NDArray[np.bool_]:
    x, y, z = points.T.astype(np.float32)
    return lung_distance((x, y, z)) < -margin_mm


def _point(values: Float64) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
