"""The convex hull of a surface mesh and what is measured on it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from serving.domain.volume import Float64
from serving.radiomics.imaging.image import Mask

Int64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Hull:
    """A convex hull in mm."""

    vertices: Float64
    """(count, 3), in (slice, row, column) order."""
    normals: Float64
    """(facets, 3): unit normals, outward."""
    areas_mm2: Float64
    """(facets,)."""
    volume_mm3: float

    @property
    def area_mm2(self) -> float:
        return float(self.areas_mm2.sum())

    @property
    def extents_mm(self) -> tuple[float, float, float]:
        """Of the box along the axes, (slice, row, column)."""
        planes, rows, columns = np.ptp(self.vertices, axis=0).tolist()
        return planes, rows, columns


def hull_of(mask: Mask, spacing_mm: tuple[float, float, float]) -> Hull:
    """The convex hull of the mesh around a mask (slices, rows, columns), at least one voxel.

    The mesh's vertices lie half a voxel from the outermost voxel centres, so that the hull is that
    of these points, and only voxels on the hull of their own slice can give it a vertex.
    """
    corners = _outline(np.ascontiguousarray(mask)).astype(np.float64)
    steps = np.concatenate([np.eye(3), -np.eye(3)]) / 2
    points = (corners[:, None, :] + steps).reshape(-1, 3) * np.array(spacing_mm)
    hull = ConvexHull(points)
    triangles = points[hull.simplices]
    crosses = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    return Hull(
        vertices=points[hull.vertices],
        normals=hull.equations[:, :3],
        areas_mm2=np.linalg.norm(crosses, axis=1) / 2,
        volume_mm3=float(hull.volume),
    )


@njit(cache=True)
def greatest_distance(points: Float64) -> float:
    """The greatest distance between any two of some points (count, 3)."""
    greatest = 0.0
    for one in range(len(points)):
        for other in range(one):
            square = 0.0
            for axis in range(3):
                square += (points[one, axis] - points[other, axis]) ** 2
            greatest = max(greatest, square)
    return math.sqrt(greatest)


@njit(cache=True)
def _outline(mask: Mask) -> Int64:
    """Voxels (count, 3) at the corners of each slice's convex outline."""
    planes, rows = mask.shape[:2]
    found = np.empty((planes * rows * 2, 3), dtype=np.int64)
    count = 0
    for plane in range(planes):
        for side in (-1, 1):
            start = count
            for row in range(rows):
                column = _outermost(mask[plane, row], side)
                if column < 0:
                    continue
                # A chain that bends inward at its last voxel does not need that voxel.
                while count - start >= 2 and _bends_in(found, count, row, column, side):
                    count -= 1
                found[count, 0], found[count, 1], found[count, 2] = plane, row, column
                count += 1
    return found[:count]


@njit(cache=True)
def _outermost(line: Mask, side: int) -> int:
    for n in range(len(line)):
        column = n if side < 0 else len(line) - 1 - n
        if line[column]:
            return column
    return -1


@njit(cache=True)
def _bends_in(found: Int64, count: int, row: int, column: int, side: int) -> bool:
    first, last = found[count - 2], found[count - 1]
    turn = (last[1] - first[1]) * (column - first[2]) - (last[2] - first[2]) * (row - first[1])
    return bool(side * turn >= 0)
