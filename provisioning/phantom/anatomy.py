"""The chest as formulas: origin in mid-chest; x to the left, y to the back, z to the head.

Proportions follow an average adult: lungs of some 235 mm height, the right one larger, the heart
to the left, the right dome of the diaphragm higher than the left.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from provisioning.phantom.shapes import Capsule, Ellipsoid, Float32, Points

HEART = Ellipsoid((22.0, -30.0, -48.0), (58.0, 44.0, 58.0))
AORTA = Capsule((22.0, 52.0, -160.0), (20.0, 42.0, 40.0), 12.0)
ARCH = Capsule((20.0, 42.0, 40.0), (-8.0, -12.0, 48.0), 13.0)
TRACHEA = Capsule((0.0, 18.0, 190.0), (2.0, 26.0, 32.0), 8.5)
BRONCHI = (
    Capsule((2.0, 26.0, 32.0), (-34.0, 24.0, 6.0), 6.5),
    Capsule((2.0, 26.0, 32.0), (40.0, 26.0, 8.0), 5.5),
    Capsule((-34.0, 24.0, 6.0), (-52.0, 30.0, -24.0), 3.5),
    Capsule((40.0, 26.0, 8.0), (56.0, 32.0, -22.0), 3.2),
    Capsule((-34.0, 24.0, 6.0), (-54.0, 8.0, 26.0), 3.0),
    Capsule((40.0, 26.0, 8.0), (58.0, 6.0, 24.0), 2.8),
)
RIGHT_HILUM, LEFT_HILUM = (-38.0, 18.0, 0.0), (44.0, 20.0, 2.0)
LUNG_BOX = np.array([[-130.0, -86.0, -118.0], [130.0, 96.0, 122.0]])
_SPINE = (0.0, 80.0)
_SPINE_RADIUS = 35.0


def body_distance(points: Points) -> Float32:
    """The skin: a trunk that widens to the shoulders."""
    x, y, z = points
    wide = 166 + 14 * np.clip((z - 80) / 60, 0, 1)
    return _rounded(x / wide, (y - 8) / 117, 117.0)


def muscle_distance(points: Points) -> Float32:
    """Where fat under the skin ends."""
    x, y, z = points
    wide = 150 + 14 * np.clip((z - 80) / 60, 0, 1)
    return _rounded(x / wide, (y - 8) / 104, 104.0)


def cavity_radii(z: Float32) -> tuple[Float32, Float32]:
    """Half width and half depth of the chest cavity at height `z`."""
    height = np.clip((z + 115) / 235, 0, 1)
    taper = np.sqrt(1 - np.clip((height - 0.25) / 0.78, 0, 1) ** 2.4)
    return (128 * taper).astype(np.float32), (88 * taper).astype(np.float32)


def lung_distance(points: Points) -> Float32:
    """Both lungs: the cavity above the diaphragm without mediastinum, heart and spine."""
    x, y, z = points
    wide, deep = cavity_radii(z)
    cavity = (np.hypot(x / wide, (y - 5) / deep) - 1) * deep
    apex = z - (120 - 0.01 * ((np.abs(x) - 50) ** 2 + (y - 15) ** 2))
    parts = (
        cavity,
        apex * np.float32(0.8),
        (diaphragm_height(x, y) - z) * np.float32(0.7),
        5 - np.abs(x),
        -_mediastinum_distance(x, y),
        _SPINE_RADIUS - np.hypot(x - _SPINE[0], y - _SPINE[1]),
        -HEART.distance(points) + 1,
        -AORTA.distance(points) + 1,
    )
    found: NDArray[Any] = parts[0]
    for part in parts[1:]:
        found = np.maximum(found, part)
    return found.astype(np.float32)


def diaphragm_height(x: Float32, y: Float32) -> Float32:
    """Height of the domes; the right one lies 12 mm higher."""
    peak = np.where(x < 0, -45, -57)
    fall = 0.9 * ((np.abs(x) - 65) / 70) ** 2 + ((y + 5) / 85) ** 2
    return np.asarray(peak - 60 * np.minimum(fall, 1.2), dtype=np.float32)


def _mediastinum_distance(x: Float32, y: Float32) -> Float32:
    return np.asarray((np.hypot((x - 3) / 32, (y + 5) / 74) - 1) * np.float32(32))


def _rounded(u: NDArray[Any], v: NDArray[Any], scale: float) -> Float32:
    """A superellipse of exponent 2.5: squarer than an ellipse, as trunks are."""
    level: NDArray[Any] = (np.abs(u) ** 2.5 + np.abs(v) ** 2.5) ** 0.4
    return np.asarray((level - 1) * scale, dtype=np.float32)
