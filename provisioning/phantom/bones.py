"""Spine, ribs and sternum as rods and ellipsoids, each with a dense shell around a softer core."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from provisioning.phantom.anatomy import cavity_radii
from provisioning.phantom.shapes import Capsule, Ellipsoid, Shape

_VERTEBRA_MM = 27.0
_RIBS = 11
_RIB_SEGMENTS = 12


@dataclass(frozen=True, slots=True)
class Tissue:
    """A body of one density; later ones are painted over earlier ones."""

    shape: Shape
    hu: float


def skeleton() -> tuple[Tissue, ...]:
    """All bones of the chest."""
    return (*_spine(), *_ribs(), *_sternum())


def _spine() -> list[Tissue]:
    found: list[Tissue] = []
    for level in range(-6, 7):
        z = level * _VERTEBRA_MM
        found.append(Tissue(Ellipsoid((0, 74, z), (19.0, 16.0, 14.5)), 450))
        found.append(Tissue(Ellipsoid((0, 74, z), (16.5, 13.5, 12.0)), 190))
        for side in (-1, 1):
            found.append(Tissue(Capsule((12 * side, 88, z), (34 * side, 100, z + 4), 4.5), 380))
        found.append(Tissue(Capsule((0, 104, z), (0, 116, z - 14), 4.0), 380))
    found.append(Tissue(Capsule((0, 95, -200), (0, 95, 200), 8.0), 25))
    return found


def _ribs() -> list[Tissue]:
    """Each rib goes round the cavity and down by some 55 mm from back to front."""
    found: list[Tissue] = []
    angles = np.linspace(0.42, 2.75, _RIB_SEGMENTS + 1)
    for rib in range(_RIBS):
        z = 128 - 26.0 * rib - 20.0 * (angles - angles[0])
        wide, deep = cavity_radii(z.astype(np.float32))
        x, y = (wide + 7) * np.sin(angles), 5 + (deep + 7) * np.cos(angles)
        for side in (-1, 1):
            joints = list(zip(side * x, y, z, strict=True))
            for start, end in pairwise(joints):
                found.append(Tissue(Capsule(start, end, 5.0), 420))
                found.append(Tissue(Capsule(start, end, 3.2), 180))
    return found


def _sternum() -> list[Tissue]:
    found: list[Tissue] = []
    for side in (-8.0, 0.0, 8.0):
        found.append(Tissue(Capsule((side, -90, -30), (side, -72, 70), 6.5), 330))
        found.append(Tissue(Capsule((side, -90, -30), (side, -72, 70), 4.5), 140))
    return found
