"""Neighbouring grey level dependence (IBSI 3.11): how many neighbours have a voxel's own level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from serving.radiomics.features.aggregation import tagged, undirected
from serving.radiomics.features.count_matrices import CountMatrices, tally
from serving.radiomics.features.emphases import emphases
from serving.radiomics.features.grid import IN_PLANE, IN_SPACE, Direction, Int32, Int64, LevelGrid
from serving.radiomics.imaging.region import Levels
from serving.radiomics.settings import Aggregation

FIELDS = {
    "ngl_lde": "small",
    "ngl_hde": "large",
    "ngl_lgce": "low_level",
    "ngl_hgce": "high_level",
    "ngl_ldlge": "small_low",
    "ngl_ldhge": "small_high",
    "ngl_hdlge": "large_low",
    "ngl_hdhge": "large_high",
    "ngl_glnu": "level_nonuniformity",
    "ngl_glnu_norm": "level_nonuniformity_normalised",
    "ngl_dcnu": "nonuniformity",
    "ngl_dcnu_norm": "nonuniformity_normalised",
    "ngl_dc_perc": "percentage",
    "ngl_gl_var": "level_variance",
    "ngl_dc_var": "variance",
    "ngl_dc_entr": "entropy",
    "ngl_dc_energy": "energy",
}
"""Tag without its aggregation, and field of `Emphases`."""

_WIDTH = 28
"""A voxel depends on itself and at most 26 neighbours."""


def features(levels: Levels, aggregations: Sequence[Aggregation]) -> dict[str, float]:
    """The 17 features of each of `2D`, `2_5D` and `3D`, by tag (`ngl_lde_3D`).

    Chebyshev distance 1, coarseness 0.
    """
    found: dict[str, float] = {}
    grid = LevelGrid.of(levels.levels)
    for method in undirected(aggregations):
        starts = grid.slice_starts if method == "2D" else grid.whole
        matrices = dependences(grid, IN_SPACE if method == "3D" else IN_PLANE, starts)
        found |= tagged(FIELDS, emphases(matrices, np.diff(starts)), method)
    return found


def dependences(grid: LevelGrid, directions: Sequence[Direction], starts: Int64) -> CountMatrices:
    """Entry (level, 1 + neighbours of the same level), for each span of `grid.voxels`."""
    keys = _dependences(grid.levels, grid.voxels, grid.neighbours(directions))
    return tally(keys, starts, _WIDTH)


@njit(cache=True)
def _dependences(levels: Int32, voxels: Int64, neighbours: Int64) -> Int64:
    keys = np.empty(len(voxels), np.int64)
    for position in range(len(voxels)):
        place = voxels[position]
        level = levels[place]
        alike = 1
        for offset in neighbours:
            alike += levels[place + offset] == level
        keys[position] = np.int64(level) * _WIDTH + alike
    return keys
