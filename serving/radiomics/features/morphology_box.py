"""The smallest box, however it is turned, around a convex hull (IBSI 3.1)."""

from __future__ import annotations

import numpy as np
from numba import njit

from serving.domain.volume import Float64
from serving.radiomics.features.morphology_hull import Hull

Extents = tuple[float, float, float]


def smallest_box(hull: Hull) -> Extents:
    """Edge lengths in mm of the smallest box that has one face on a face of the hull.

    A box of least volume has faces on at least two adjacent edges of the hull and almost always
    one on a face, as here; IBSI defines no algorithm and has no reference values. Source: IBSI
    3.1, tag ZH1A; O'Rourke 1985.
    """
    rounded = np.round(hull.normals, 9) + 0.0
    half = rounded * np.where(rounded[:, :1] < 0, -1, 1)
    normals = np.unique(half, axis=0)
    heights = np.ptp(hull.vertices @ normals.T, axis=0)
    # The hull's shadow along each normal, which no rectangle around it can be smaller than.
    shadows = np.abs(normals @ (hull.normals * hull.areas_mm2[:, None]).T).sum(axis=1) / 2
    order = np.argsort(heights * shadows)
    edges = _search(hull.vertices, normals[order], heights[order], (heights * shadows)[order])
    return float(edges[0]), float(edges[1]), float(edges[2])


@njit(cache=True)
def _search(points: Float64, normals: Float64, heights: Float64, bounds: Float64) -> Float64:
    best = np.inf
    edges = np.zeros(3)
    for face in range(len(normals)):
        if bounds[face] >= best:
            break
        first, second = _rectangle(_outline(_projected(points, normals[face])))
        if first * second * heights[face] < best:
            best = first * second * heights[face]
            edges[0], edges[1], edges[2] = heights[face], first, second
    return edges


@njit(cache=True)
def _projected(points: Float64, normal: Float64) -> Float64:
    """Coordinates in the plane across a normal, (count, 2), by the first of them ascending."""
    away = np.zeros(3)
    away[np.argmin(np.abs(normal))] = 1.0
    across = np.cross(normal, away)
    across /= np.sqrt(across @ across)
    # Turned by an odd angle: points of a lattice would often be level with each other otherwise,
    # and sorting by one coordinate would not put the chain's ends in order.
    first = np.cos(0.7318) * across + np.sin(0.7318) * np.cross(normal, across)
    second = np.cross(normal, first)
    places = points @ first
    flat = np.empty((len(points), 2))
    for n, point in enumerate(np.argsort(places)):
        flat[n, 0] = places[point]
        flat[n, 1] = points[point] @ second
    return flat


@njit(cache=True)
def _outline(points: Float64) -> Float64:
    """The convex hull of sorted points in a plane, counterclockwise (Andrew's chains)."""
    found = np.empty((2 * len(points), 2))
    count = 0
    for turn in range(2):
        start = max(count - 1, 0)
        for n in range(len(points)):
            point = n if turn == 0 else len(points) - 1 - n
            x, y = points[point, 0], points[point, 1]
            while count - start >= 2 and _clockwise(found, count, x, y):
                count -= 1
            found[count, 0], found[count, 1] = x, y
            count += 1
    return found[:count]


@njit(cache=True)
def _clockwise(found: Float64, count: int, x: float, y: float) -> bool:
    """Whether the chain turns right, or not at all, at its last point on the way to (x, y)."""
    left, low = found[count - 2, 0], found[count - 2, 1]
    turn = (found[count - 1, 0] - left) * (y - low) - (found[count - 1, 1] - low) * (x - left)
    return bool(turn <= 0)


@njit(cache=True)
def _rectangle(outline: Float64) -> tuple[float, float]:
    """Sides of the smallest rectangle around a convex outline: one of them lies on an edge."""
    best, width, height = np.inf, 0.0, 0.0
    for n in range(len(outline) - 1):
        x, y = outline[n + 1, 0] - outline[n, 0], outline[n + 1, 1] - outline[n, 1]
        length = np.sqrt(x * x + y * y)
        if length < 1e-9:
            continue
        x, y = x / length, y / length
        least, most, furthest = np.inf, -np.inf, 0.0
        for other in range(len(outline)):
            along = outline[other, 0] * x + outline[other, 1] * y
            least, most = min(least, along), max(most, along)
            across = (outline[other, 1] - outline[n, 1]) * x
            across -= (outline[other, 0] - outline[n, 0]) * y
            furthest = max(furthest, across)
        if (most - least) * furthest < best:
            best, width, height = (most - least) * furthest, most - least, furthest
    return width, height
