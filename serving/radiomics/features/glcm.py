"""Grey level co-occurrence (IBSI 3.6): which levels are neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from serving.radiomics.features.aggregation import averaged
from serving.radiomics.features.count_matrices import CountMatrices, stacked, tally
from serving.radiomics.features.grid import IN_PLANE, IN_SPACE, Direction, Int32, Int64, LevelGrid
from serving.radiomics.features.joint_distribution import distributions
from serving.radiomics.features.joint_features import joint_features
from serving.radiomics.imaging.region import Levels
from serving.radiomics.settings import Aggregation

FIELDS = {
    "joint_max": "joint_maximum",
    "joint_avg": "joint_average",
    "joint_var": "joint_variance",
    "joint_entr": "joint_entropy",
    "diff_avg": "difference_average",
    "diff_var": "difference_variance",
    "diff_entr": "difference_entropy",
    "sum_avg": "sum_average",
    "sum_var": "sum_variance",
    "sum_entr": "sum_entropy",
    "energy": "energy",
    "contrast": "contrast",
    "dissimilarity": "difference_average",
    "inv_diff": "inverse_difference",
    "inv_diff_norm": "inverse_difference_normalised",
    "inv_diff_mom": "inverse_difference_moment",
    "inv_diff_mom_norm": "inverse_difference_moment_normalised",
    "inv_var": "inverse_variance",
    "corr": "correlation",
    "auto_corr": "autocorrelation",
    "clust_tend": "sum_variance",
    "clust_shade": "cluster_shade",
    "clust_prom": "cluster_prominence",
    "info_corr1": "information_correlation_1",
    "info_corr2": "information_correlation_2",
}
"""Tag without its aggregation, and field of `JointFeatures`."""


def features(levels: Levels, aggregations: Sequence[Aggregation]) -> dict[str, float]:
    """The 25 features of each aggregation, by tag (`cm_joint_max_3D_avg`).

    Symmetric matrices of Chebyshev distance 1, no weighting by distance. NaN where no voxel has
    a neighbour.
    """
    found: dict[str, float] = {}
    grid = LevelGrid.of(levels.levels)
    for space in ("2D", "2_5D", "3D"):
        wanted = [method for method in aggregations if method.rpartition("_")[0] == space]
        if wanted:
            directed = pairs(
                grid,
                IN_SPACE if space == "3D" else IN_PLANE,
                grid.slice_starts if space == "2D" else grid.whole,
            )
            for method in wanted:
                merged = method.endswith("_comb")
                matrices = _merged(directed, grid, space) if merged else directed
                found |= _features(matrices, levels, method)
    return found


def pairs(grid: LevelGrid, directions: Sequence[Direction], starts: Int64) -> CountMatrices:
    """Unordered pairs of neighbours: entry (i, j), i <= j, for each direction and span of voxels.

    `starts` are the bounds of spans in `grid.voxels`; matrices come by direction, then by span.
    """
    width = int(grid.levels.max(initial=0)) + 1
    stacks = []
    for direction in directions:
        keys, bounds = _pairs(grid.levels, grid.voxels, starts, grid.offset(direction), width)
        stacks.append(tally(keys, bounds, width))
    return stacked(stacks)


def _merged(directed: CountMatrices, grid: LevelGrid, space: str) -> CountMatrices:
    spans = len(grid.slice_starts) - 1 if space == "2D" else 1
    directions = (len(directed.starts) - 1) // spans
    return directed.merged(np.tile(np.arange(spans), directions))


def _features(matrices: CountMatrices, levels: Levels, method: str) -> dict[str, float]:
    parts = [joint_features(part, levels.count) for part in distributions(matrices)]
    return {
        f"cm_{tag}_{method}": averaged(np.concatenate([getattr(part, name) for part in parts]))
        for tag, name in FIELDS.items()
    }


@njit(cache=True)
def _pairs(
    levels: Int32, voxels: Int64, starts: Int64, offset: int, width: int
) -> tuple[Int64, Int64]:
    keys = np.empty(len(voxels), np.int64)
    bounds = np.zeros(len(starts), np.int64)
    used = 0
    for span in range(len(starts) - 1):
        for position in range(starts[span], starts[span + 1]):
            here = levels[voxels[position]]
            there = levels[voxels[position] + offset]
            keys[used] = np.int64(min(here, there)) * width + max(here, there)
            used += there > 0
        bounds[span + 1] = used
    return keys[:used], bounds
