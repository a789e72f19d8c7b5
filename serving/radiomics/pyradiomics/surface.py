"""Area and volume of a mask's surface, triangulated as pyradiomics does it.

Every cube of eight voxel centres that are not all alike holds a piece of the surface, through the
middles of its edges. IBSI leaves open which triangles fill a loop of five edges or more, and how
loops run where inside corners face each other across a square; results differ by some tenths of a
percent. What pyradiomics does was measured: the area and the volume that it gives for each of the
256 cubes, at four spacings, single out one triangulation of each.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from serving.radiomics.features.mesh import configurations
from serving.radiomics.imaging.image import Mask

Corner = tuple[int, int, int]
Edge = tuple[Corner, Corner]
Triangle = tuple[int, int, int]
_CORNERS: tuple[Corner, ...] = tuple(product((0, 1), repeat=3))  # type: ignore[arg-type]
_OUTSIDE = _CORNERS.index((1, 1, 0))
"""Where this corner is inside, the complement's surface is taken."""
_CHOSEN = (
    ".......0...1.01....0.0.0...0.212...3...2..00.003.10..003.122.FF."
    ".......0..322200...0.0.0..3k2n07..22..2n00.00d2.32003k07203.s.7."
)
"""For each configuration in which that corner is outside, in order: which of the triangulations of
its longest loop, in the order of `_triangulations`; a dot where there is no choice."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def surface_of(mask: Mask, spacing_mm: tuple[float, float, float]) -> tuple[float, float]:
    """Volume in mm3 and area in mm2 of the surface around a mask (slices, rows, columns)."""
    counts, places = configurations(np.pad(mask, 1))
    spacing = np.array(spacing_mm)
    volume, area = 0.0, 0.0
    for configuration in np.flatnonzero(counts[1:255]) + 1:
        corners = triangles(int(configuration)) * spacing
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        area += counts[configuration] * float(np.linalg.norm(normals, axis=1).sum()) / 2
        # The divergence theorem, with the cubes' positions summed beforehand.
        own = float((corners[:, 0] * normals).sum())
        moved = float(places[configuration] * spacing @ normals.sum(axis=0))
        volume += (counts[configuration] * own + moved) / 6
    return abs(volume), area


@cache
def triangles(configuration: int) -> NDArray[np.float64]:
    """In a unit cube: (triangles, 3 vertices, (slice, row, column)), facing one way.

    Bit n of the configuration says whether corner n, in the order of their indices, is inside.
    """
    flipped = bool(configuration >> _OUTSIDE & 1)
    own = configuration ^ 0xFF if flipped else configuration
    order = [number for number in range(256) if not number >> _OUTSIDE & 1]
    choice = _CHOSEN[order.index(own)]
    made = []
    for loop in _loops({corner for n, corner in enumerate(_CORNERS) if own >> n & 1}):
        ways = _triangulations(0, len(loop) - 1)
        way = ways[_DIGITS.index(choice) if len(loop) > 4 else 0]
        middles = np.array([np.mean(edge, axis=0) for edge in loop])
        made += [middles[list(corners)] for corners in way]
    facing = np.array(made)
    return facing[:, ::-1] if flipped else facing


def _loops(inside: set[Corner]) -> list[list[Edge]]:
    """Loops of the edges that the surface crosses; each starts at its least edge."""
    following = dict(segment for face in _faces() for segment in _segments(face, inside))
    loops = []
    while following:
        first = min(following)
        loop, edge = [first], following.pop(first)
        while edge != first:
            loop.append(edge)
            edge = following.pop(edge)
        loops.append(loop)
    return loops


def _faces() -> list[list[Corner]]:
    """The corners of each face, counterclockwise seen from outside."""
    faces = []
    for axis, side in product(range(3), (0, 1)):
        ring = [(0, 0), (1, 0), (1, 1), (0, 1)]
        face = []
        for second, third in ring if side else ring[::-1]:
            corner = [0, 0, 0]
            corner[axis], corner[(axis + 1) % 3], corner[(axis + 2) % 3] = side, second, third
            face.append((corner[0], corner[1], corner[2]))
        faces.append(face)
    return faces


def _segments(face: list[Corner], inside: set[Corner]) -> list[tuple[Edge, Edge]]:
    """From the edge where a run of inside corners ends to the one where it began."""
    segments = []
    for end in range(4):
        if face[end] in inside and face[(end + 1) % 4] not in inside:
            begin = next(n for n in range(end, end - 4, -1) if face[(n - 1) % 4] not in inside)
            leaving = _edge(face[end], face[(end + 1) % 4])
            segments.append((leaving, _edge(face[(begin - 1) % 4], face[begin % 4])))
    return segments


def _edge(one: Corner, other: Corner) -> Edge:
    return min(one, other), max(one, other)


def _triangulations(first: int, last: int) -> list[list[Triangle]]:
    """All ways to cut the polygon of vertices first..last into triangles."""
    if last - first < 2:
        return [[]]
    return [
        [*left, *right, (first, apex, last)]
        for apex in range(first + 1, last)
        for left in _triangulations(first, apex)
        for right in _triangulations(apex, last)
    ]
