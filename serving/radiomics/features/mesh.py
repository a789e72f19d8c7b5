"""The surface mesh of a mask: marching cubes half-way between voxel centres (IBSI 3.1).

A mask has only two values, so every vertex of the mesh lies in the middle of an edge between two
neighbouring voxel centres, and a cube of eight voxels holds one of 256 small surfaces. Area and
volume then follow from how often each of these occurs; the mesh itself is never built.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.domain.volume import Float64
from serving.radiomics.imaging.image import Mask

Corner = tuple[int, int, int]
Edge = frozenset[Corner]
Vertex = tuple[float, float, float]
Spacing = tuple[float, float, float]
Int64 = NDArray[np.int64]
_CORNERS: tuple[Corner, ...] = tuple(product((0, 1), repeat=3))  # type: ignore[arg-type]
"""Of a cube, (slice, row, column); bit n of a configuration says whether corner n is inside."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """The size of a mask's surface mesh."""

    volume_mm3: float
    area_mm2: float


@dataclass(frozen=True, slots=True)
class SmallSurfaces:
    """What the surface inside a cube adds, by configuration, for one voxel size."""

    areas_mm2: Float64
    """(256,)."""
    volumes_mm3: Float64
    """(256,): six times the volume between the surface and the cube's first corner."""
    normals_mm2: Float64
    """(256, 3): twice the sum of the surface's outward normals times their areas."""


def mesh_of(mask: Mask, spacing_mm: Spacing) -> Mesh:
    """Volume and area of the mesh around a mask (slices, rows, columns).

    Source: IBSI 3.1, tags RNU0 and C0JK; Lorensen and Cline 1987.
    """
    counts, places = configurations(np.pad(mask, 1))
    parts = small_surfaces(spacing_mm)
    # The divergence theorem, with the cubes' positions summed beforehand.
    moved = np.sum(places * np.array(spacing_mm) * parts.normals_mm2)
    volume = (float(counts @ parts.volumes_mm3) + float(moved)) / 6
    return Mesh(volume, float(counts @ parts.areas_mm2))


@lru_cache(maxsize=64)
def small_surfaces(spacing_mm: Spacing) -> SmallSurfaces:
    """Areas and volumes of all 256 surfaces.

    A loop of edges that is not plane is cut into triangles so that its area in a unit cube is
    greatest, then its volume; of cuts that are equal there the mean counts. Of the rules that turn
    with the cube this is the one whose results lie nearest to IBSI's reference values.
    """
    every = _every_cut()
    corners = every.triangles * np.array(spacing_mm)
    first, second, third = corners[:, 0], corners[:, 1], corners[:, 2]
    normals = np.cross(second - first, third - first)
    areas = np.add.reduceat(np.linalg.norm(normals, axis=1) / 2, every.starts)
    volumes = np.add.reduceat(np.sum(first * normals, axis=1), every.starts)
    sums = np.add.reduceat(normals, every.starts, axis=0)
    parts = SmallSurfaces(np.zeros(256), np.zeros(256), np.zeros((256, 3)))
    np.add.at(parts.areas_mm2, every.configurations, every.shares * areas)
    np.add.at(parts.volumes_mm3, every.configurations, every.shares * volumes)
    np.add.at(parts.normals_mm2, every.configurations, every.shares[:, None] * sums)
    return parts


@dataclass(frozen=True, slots=True)
class _Cuts:
    """The chosen ways to cut all loops of all configurations into triangles."""

    triangles: Float64
    """(triangles, 3 vertices, 3 axes) in the unit cube, normals outward."""
    starts: Int64
    """(cuts,): the first triangle of each."""
    shares: Float64
    """(cuts,): 1 over the number of cuts of the same loop."""
    configurations: Int64
    """(cuts,): which configuration the loop belongs to."""


@cache
def _every_cut() -> _Cuts:
    triangles: list[Float64] = []
    starts, shares, owners = [], [], []
    for configuration in range(256):
        for loop in loops_of(configuration):
            chosen = _widest(loop)
            for cut in chosen:
                starts.append(sum(map(len, triangles)))
                shares.append(1 / len(chosen))
                owners.append(configuration)
                triangles.append(cut)
    return _Cuts(np.concatenate(triangles), np.array(starts), np.array(shares), np.array(owners))


def _widest(loop: list[Vertex]) -> list[Float64]:
    """The cuts of a loop, each (triangles, 3, 3), of the greatest area, then volume."""
    cuts = [
        np.array([[loop[vertex] for vertex in triangle] for triangle in cut])
        for cut in _cuts(0, len(loop) - 1)
    ]
    ranks = [_area_and_volume(cut) for cut in cuts]
    return [cut for cut, rank in zip(cuts, ranks, strict=True) if rank == max(ranks)]


def _area_and_volume(triangles: Float64) -> tuple[float, float]:
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    area = float(np.linalg.norm(normals, axis=1).sum())
    return round(area, 9), round(float(np.sum(triangles[:, 0] * normals)), 9)


def loops_of(configuration: int) -> list[list[Vertex]]:
    """The closed lines along which the surface meets the cube's faces, in the unit cube.

    Two inside corners that face each other across a square are not joined over it, so that the
    surfaces of neighbouring cubes always meet.
    """
    inside = {corner for bit, corner in enumerate(_CORNERS) if configuration >> bit & 1}
    following = dict(_segments(inside))
    loops = []
    while following:
        start, edge = following.popitem()
        loop = [start]
        while edge != start:
            loop.append(edge)
            edge = following.pop(edge)
        loops.append([_middle(edge) for edge in loop])
    return loops


def _segments(inside: set[Corner]) -> list[tuple[Edge, Edge]]:
    """Where the surface meets the cube's faces: from edge to edge, the inside on the left."""
    segments = []
    for axis, side in product(range(3), (0, 1)):
        ring = _ring(axis, side)
        states = [corner in inside for corner in ring]
        for n in range(4):
            if states[n] and not states[(n + 1) % 4]:
                # Back along the run of inside corners to where it begins.
                back = next(k for k in range(1, 5) if not states[(n - k) % 4])
                leaving = frozenset((ring[n], ring[(n + 1) % 4]))
                entering = frozenset((ring[(n - back) % 4], ring[(n - back + 1) % 4]))
                segments.append((entering, leaving))
    return segments


def _ring(axis: int, side: int) -> list[Corner]:
    """A face's corners in order, counterclockwise seen from outside the cube."""
    turn = ((0, 0), (0, 1), (1, 1), (1, 0)) if side else ((0, 0), (1, 0), (1, 1), (0, 1))
    ring = []
    for second, third in turn:
        corner = [0, 0, 0]
        corner[axis], corner[(axis + 1) % 3], corner[(axis + 2) % 3] = side, third, second
        ring.append((corner[0], corner[1], corner[2]))
    return ring


def _middle(edge: Edge) -> Vertex:
    (a, b, c), (d, e, f) = edge
    return (a + d) / 2, (b + e) / 2, (c + f) / 2


def _cuts(first: int, last: int) -> list[tuple[tuple[int, int, int], ...]]:
    """All triangulations of a polygon with vertices first..last."""
    if last - first < 2:
        return [()]
    return [
        (*before, (first, middle, last), *after)
        for middle in range(first + 1, last)
        for before in _cuts(first, middle)
        for after in _cuts(middle, last)
    ]


@njit(cache=True)
def configurations(mask: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How often each configuration occurs, and the sum of the places where it does."""
    counts = np.zeros(256, dtype=np.int64)
    places = np.zeros((256, 3), dtype=np.int64)
    for plane in range(mask.shape[0] - 1):
        for row in range(mask.shape[1] - 1):
            low = 0
            for column in range(mask.shape[2] - 1):
                if column == 0:
                    low = _face(mask, plane, row, 0)
                high = _face(mask, plane, row, column + 1)
                configuration = low | high << 1
                low = high
                if 0 < configuration < 255:
                    counts[configuration] += 1
                    places[configuration, 0] += plane
                    places[configuration, 1] += row
                    places[configuration, 2] += column
    return counts, places


@njit(cache=True, inline="always")
def _face(mask: Mask, plane: int, row: int, column: int) -> int:
    """Four voxels of one column as the even bits of a configuration."""
    return (
        int(mask[plane, row, column])
        | int(mask[plane, row + 1, column]) << 2
        | int(mask[plane + 1, row, column]) << 4
        | int(mask[plane + 1, row + 1, column]) << 6
    )
