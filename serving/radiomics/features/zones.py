"""Zones: connected voxels of one grey level (IBSI 3.8), and how near each is to the border."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from serving.radiomics.features.grid import (
    IN_PLANE,
    IN_SPACE,
    Int32,
    Int64,
    LevelGrid,
    flat_padded,
)
from serving.radiomics.imaging.region import Levels


@dataclass(frozen=True, slots=True)
class Zones:
    """All zones of a region, in the order of their first voxels: arrays (zones,)."""

    level: Int64
    size: Int64
    """Voxels."""
    distance: Int64
    """City-block distance of the nearest voxel to the outside of the morphological mask, from 1."""
    slice_starts: Int64
    """Zones of slice n, where they are flat, are those from `slice_starts[n]` on."""
    whole: Int64
    voxels: Int64
    """How many voxels each slice has."""


def zones(levels: Levels, flat: bool) -> Zones:
    """26-connected zones, or 8-connected ones within slices where `flat`."""
    grid = LevelGrid.of(levels.levels)
    depth = flat_padded(levels.morphological.astype(np.int32))
    _deepen(depth, np.array(grid.strides[1:] if flat else grid.strides))
    roots, sizes, distances = _zones(grid.levels, grid.voxels, _backward(grid, flat), depth)
    starts = np.searchsorted(roots, np.append(grid.voxels, len(grid.levels))[grid.slice_starts])
    return Zones(
        grid.levels[roots].astype(np.int64),
        sizes,
        distances,
        starts,
        np.array([0, len(roots)]),
        np.diff(grid.slice_starts),
    )


def connected(grid: LevelGrid, flat: bool) -> tuple[Int64, Int64]:
    """As `zones`, without distances: where each zone begins in `grid.levels`, and its size."""
    roots, sizes, _ = _zones(grid.levels, grid.voxels, _backward(grid, flat), grid.levels)
    return roots, sizes


def _backward(grid: LevelGrid, flat: bool) -> Int64:
    """Offsets of the neighbours that come before a voxel."""
    return np.sort(-np.abs(grid.offsets(IN_PLANE if flat else IN_SPACE)))


@njit(cache=True)
def _deepen(depth: Int32, strides: Int64) -> None:
    """Turns ones into city-block distances to the nearest zero, in two passes (Rosenfeld 1966).

    The array's border is zero, so that steps back from a voxel within stay in the array.
    """
    for place in range(len(depth)):
        if depth[place] > 0:
            nearest = depth[place - strides[0]]
            for stride in strides[1:]:
                nearest = min(nearest, depth[place - stride])
            depth[place] = nearest + 1
    for place in range(len(depth) - 1, -1, -1):
        if depth[place] > 0:
            for stride in strides:
                depth[place] = min(depth[place], depth[place + stride] + 1)


@njit(cache=True)
def _root(parents: Int32, place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place


@njit(cache=True)
def _zones(
    levels: Int32, voxels: Int64, backward: Int64, depth: Int32
) -> tuple[Int64, Int64, Int64]:
    """Union-find; a zone's root is its first voxel."""
    parents = np.empty(len(levels), np.int32)
    for place in voxels:
        parents[place] = place
        root = place
        for offset in backward:
            if levels[place + offset] == levels[place]:
                other = _root(parents, place + offset)
                low, high = min(root, other), max(root, other)
                parents[high] = low
                root = low
    numbers = np.empty(len(levels), np.int32)
    roots = np.empty(len(voxels), np.int64)
    sizes = np.zeros(len(voxels), np.int64)
    distances = np.empty(len(voxels), np.int64)
    used = 0
    for place in voxels:
        root = _root(parents, place)
        if root == place:
            numbers[root] = used
            roots[used] = root
            distances[used] = depth[place]
            used += 1
        zone = numbers[root]
        sizes[zone] += 1
        distances[zone] = min(distances[zone], depth[place])
    return roots[:used].copy(), sizes[:used].copy(), distances[:used].copy()
