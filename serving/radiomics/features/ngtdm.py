"""Neighbourhood grey tone difference (IBSI 3.10): how voxels differ from what surrounds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.radiomics.features.aggregation import averaged, undirected
from serving.radiomics.features.grid import IN_PLANE, IN_SPACE, Direction, Int32, Int64, LevelGrid
from serving.radiomics.imaging.region import Levels
from serving.radiomics.settings import Aggregation

Float64 = NDArray[np.float64]
FEATURES = ("coarseness", "contrast", "busyness", "complexity", "strength")
_COARSEST = 1e6
"""Coarseness where no voxel differs from its neighbours (IBSI 3.10.1)."""


def features(levels: Levels, aggregations: Sequence[Aggregation]) -> dict[str, float]:
    """The 5 features of each of `2D`, `2_5D` and `3D`, by tag (`ngt_coarseness_3D`).

    Chebyshev distance 1. NaN where no voxel has a neighbour.
    """
    found: dict[str, float] = {}
    grid = LevelGrid.of(levels.levels)
    for method in undirected(aggregations):
        starts = grid.slice_starts if method == "2D" else grid.whole
        tones = differences(grid, IN_SPACE if method == "3D" else IN_PLANE, starts)
        each = np.array([tone_features(tone) for tone in tones]).reshape(-1, len(FEATURES))
        for name, values in zip(FEATURES, each.T, strict=True):
            found[f"ngt_{name}_{method}"] = averaged(values)
    return found


@dataclass(frozen=True, slots=True)
class ToneDifferences:
    """Of the levels that occur: arrays (levels,)."""

    level: Float64
    count: Float64
    """n(i): voxels of the level that have a neighbour."""
    difference: Float64
    """s(i): the sum of their differences from the mean of their neighbours."""


def differences(
    grid: LevelGrid,
    directions: Sequence[Direction],
    starts: Int64,
    with_isolated: bool = False,
) -> list[ToneDifferences]:
    """Of each span of `grid.voxels` in which any voxel has a neighbour.

    Voxels without a neighbour are left out or, `with_isolated`, count with a difference of 0.
    """
    difference = _differences(grid.levels, grid.voxels, grid.neighbours(directions))
    if with_isolated:
        np.maximum(difference, 0.0, out=difference)
    spans = pairwise(starts)
    made = (_tones(grid.levels[grid.voxels[a:b]], difference[a:b]) for a, b in spans)
    return [tone for tone in made if len(tone.level)]


def _tones(levels: Int32, difference: Float64) -> ToneDifferences:
    known = difference >= 0
    counts = np.bincount(levels[known])
    sums = np.bincount(levels[known], weights=difference[known])
    occurring = np.flatnonzero(counts)
    return ToneDifferences(
        occurring.astype(np.float64),
        counts[occurring].astype(np.float64),
        sums[occurring].astype(np.float64),
    )


def tone_features(of: ToneDifferences) -> tuple[float, float, float, float, float]:
    """In the order of `FEATURES`; contrast and busyness of a single level are 0."""
    voxels, total = of.count.sum(), of.difference.sum()
    chance = of.count / voxels
    coarseness = float(chance @ of.difference)
    contrast, busyness, complexity, strength = _over_pairs(of.level, chance, of.difference)
    occurring = len(of.level)
    pairs = occurring * (occurring - 1)
    return (
        min(1 / coarseness, _COARSEST) if coarseness else _COARSEST,
        contrast / pairs * total / voxels if pairs else 0.0,
        coarseness / busyness if busyness else 0.0,
        complexity / voxels,
        strength / total if total else 0.0,
    )


@njit(cache=True)
def _differences(levels: Int32, voxels: Int64, neighbours: Int64) -> Float64:
    """|level - mean of the neighbours| of each voxel; -1 where it has no neighbour."""
    difference = np.empty(len(voxels))
    for position in range(len(voxels)):
        place = voxels[position]
        total, count = 0, 0
        for offset in neighbours:
            total += levels[place + offset]
            count += levels[place + offset] > 0
        difference[position] = abs(levels[place] - total / count) if count else -1.0
    return difference


@njit(cache=True)
def _over_pairs(
    level: Float64, chance: Float64, difference: Float64
) -> tuple[float, float, float, float]:
    """The double sums of contrast, busyness, complexity and strength, which are symmetric."""
    contrast, busyness, complexity, strength = 0.0, 0.0, 0.0, 0.0
    for i in range(len(level)):
        for j in range(i):
            apart = level[i] - level[j]
            both = chance[i] + chance[j]
            weighted = chance[i] * difference[i] + chance[j] * difference[j]
            contrast += chance[i] * chance[j] * apart * apart
            busyness += abs(level[i] * chance[i] - level[j] * chance[j])
            complexity += abs(apart) * weighted / both
            strength += both * apart * apart
    return 2 * contrast, 2 * busyness, 2 * complexity, 2 * strength
