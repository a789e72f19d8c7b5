"""Grey level run lengths (IBSI 3.7): how far one level reaches along a line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from serving.radiomics.features.aggregation import tagged
from serving.radiomics.features.count_matrices import CountMatrices, stacked, tally
from serving.radiomics.features.emphases import emphases
from serving.radiomics.features.grid import IN_PLANE, IN_SPACE, Direction, Int32, Int64, LevelGrid
from serving.radiomics.imaging.region import Levels
from serving.radiomics.settings import Aggregation

FIELDS = {
    "rlm_sre": "small",
    "rlm_lre": "large",
    "rlm_lgre": "low_level",
    "rlm_hgre": "high_level",
    "rlm_srlge": "small_low",
    "rlm_srhge": "small_high",
    "rlm_lrlge": "large_low",
    "rlm_lrhge": "large_high",
    "rlm_glnu": "level_nonuniformity",
    "rlm_glnu_norm": "level_nonuniformity_normalised",
    "rlm_rlnu": "nonuniformity",
    "rlm_rlnu_norm": "nonuniformity_normalised",
    "rlm_r_perc": "percentage",
    "rlm_gl_var": "level_variance",
    "rlm_rl_var": "variance",
    "rlm_rl_entr": "entropy",
}
"""Tag without its aggregation, and field of `Emphases`."""


def features(levels: Levels, aggregations: Sequence[Aggregation]) -> dict[str, float]:
    """The 16 features of each aggregation, by tag (`rlm_sre_3D_avg`)."""
    found: dict[str, float] = {}
    grid = LevelGrid.of(levels.levels)
    for space in ("2D", "2_5D", "3D"):
        wanted = [method for method in aggregations if method.rpartition("_")[0] == space]
        if not wanted:
            continue
        starts = grid.slice_starts if space == "2D" else grid.whole
        directions = IN_SPACE if space == "3D" else IN_PLANE
        directed = runs(grid, directions, starts)
        voxels = np.diff(starts)
        for method in wanted:
            if method.endswith("_comb"):
                merged = directed.merged(np.tile(np.arange(len(voxels)), len(directions)))
                found |= tagged(FIELDS, emphases(merged, voxels * len(directions)), method)
            else:
                each = np.tile(voxels, len(directions))
                found |= tagged(FIELDS, emphases(directed, each), method)
    return found


def runs(grid: LevelGrid, directions: Sequence[Direction], starts: Int64) -> CountMatrices:
    """Entry (level, length), for each direction and span of voxels.

    `starts` are the bounds of spans in `grid.voxels`; matrices come by direction, then by span.
    """
    width = _longest(grid) + 1
    stacks = []
    for direction in directions:
        keys, bounds = _runs(grid.levels, grid.voxels, starts, grid.offset(direction), width)
        stacks.append(tally(keys, bounds, width))
    return stacked(stacks)


def _longest(grid: LevelGrid) -> int:
    """No run is longer than the grid."""
    plane, row, _ = grid.strides
    return max(len(grid.levels) // plane, plane // row, row)


@njit(cache=True)
def _runs(
    levels: Int32, voxels: Int64, starts: Int64, offset: int, width: int
) -> tuple[Int64, Int64]:
    keys = np.empty(len(voxels), np.int64)
    bounds = np.zeros(len(starts), np.int64)
    used = 0
    for span in range(len(starts) - 1):
        for position in range(starts[span], starts[span + 1]):
            place = voxels[position]
            level = levels[place]
            if levels[place - offset] == level:
                continue
            length = 1
            while levels[place + length * offset] == level:
                length += 1
            keys[used] = np.int64(level) * width + length
            used += 1
        bounds[span + 1] = used
    return keys[:used], bounds
