"""Texture by pyradiomics' names and definitions, from the matrices of the IBSI families."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from serving.radiomics.features.aggregation import averaged
from serving.radiomics.features.count_matrices import CountMatrices, tally
from serving.radiomics.features.emphases import Emphases, emphases
from serving.radiomics.features.glrlm import runs
from serving.radiomics.features.grid import IN_SPACE, Direction, Int32, LevelGrid
from serving.radiomics.features.ngldm import dependences
from serving.radiomics.features.ngtdm import differences, tone_features
from serving.radiomics.features.zones import connected

_BY_LEVEL = {
    "GrayLevelNonUniformity": "level_nonuniformity",
    "GrayLevelVariance": "level_variance",
}
GLRLM = _BY_LEVEL | {
    "GrayLevelNonUniformityNormalized": "level_nonuniformity_normalised",
    "HighGrayLevelRunEmphasis": "high_level",
    "LongRunEmphasis": "large",
    "LongRunHighGrayLevelEmphasis": "large_high",
    "LongRunLowGrayLevelEmphasis": "large_low",
    "LowGrayLevelRunEmphasis": "low_level",
    "RunEntropy": "entropy",
    "RunLengthNonUniformity": "nonuniformity",
    "RunLengthNonUniformityNormalized": "nonuniformity_normalised",
    "RunPercentage": "percentage",
    "RunVariance": "variance",
    "ShortRunEmphasis": "small",
    "ShortRunHighGrayLevelEmphasis": "small_high",
    "ShortRunLowGrayLevelEmphasis": "small_low",
}
GLSZM = _BY_LEVEL | {
    "GrayLevelNonUniformityNormalized": "level_nonuniformity_normalised",
    "HighGrayLevelZoneEmphasis": "high_level",
    "LargeAreaEmphasis": "large",
    "LargeAreaHighGrayLevelEmphasis": "large_high",
    "LargeAreaLowGrayLevelEmphasis": "large_low",
    "LowGrayLevelZoneEmphasis": "low_level",
    "SizeZoneNonUniformity": "nonuniformity",
    "SizeZoneNonUniformityNormalized": "nonuniformity_normalised",
    "SmallAreaEmphasis": "small",
    "SmallAreaHighGrayLevelEmphasis": "small_high",
    "SmallAreaLowGrayLevelEmphasis": "small_low",
    "ZoneEntropy": "entropy",
    "ZonePercentage": "percentage",
    "ZoneVariance": "variance",
}
GLDM = _BY_LEVEL | {
    "DependenceEntropy": "entropy",
    "DependenceNonUniformity": "nonuniformity",
    "DependenceNonUniformityNormalized": "nonuniformity_normalised",
    "DependenceVariance": "variance",
    "HighGrayLevelEmphasis": "high_level",
    "LargeDependenceEmphasis": "large",
    "LargeDependenceHighGrayLevelEmphasis": "large_high",
    "LargeDependenceLowGrayLevelEmphasis": "large_low",
    "LowGrayLevelEmphasis": "low_level",
    "SmallDependenceEmphasis": "small",
    "SmallDependenceHighGrayLevelEmphasis": "small_high",
    "SmallDependenceLowGrayLevelEmphasis": "small_low",
}


def glrlm(grid: LevelGrid, levels: Int32) -> dict[str, float]:
    """16 features, averaged over the directions in which any line holds two voxels.

    `levels` are those of `grid`, (slices, rows, columns).
    """
    matrices = runs(grid, IN_SPACE, grid.whole)
    kept = [n for n, each in enumerate(IN_SPACE) if _has_lines(matrices, n, each, levels)]
    if not kept:
        return dict.fromkeys(GLRLM, float("nan"))
    voxels = np.repeat(grid.whole[1:], len(kept))
    return _named(GLRLM, emphases(matrices.chosen(kept), voxels))


def glszm(grid: LevelGrid) -> dict[str, float]:
    """16 features of 26-connected zones."""
    places, sizes = connected(grid, flat=False)
    width = int(sizes.max()) + 1
    matrices = tally(
        grid.levels[places] * np.int64(width) + sizes, np.array([0, len(sizes)]), width
    )
    return _named(GLSZM, emphases(matrices, grid.whole[1:]))


def gldm(grid: LevelGrid) -> dict[str, float]:
    """14 features of grey level dependence; IBSI's NGLDM."""
    return _named(GLDM, emphases(dependences(grid, IN_SPACE, grid.whole), grid.whole[1:]))


def ngtdm(grid: LevelGrid) -> dict[str, float]:
    """5 features; a voxel without neighbours counts, with a difference of 0."""
    (tones,) = differences(grid, IN_SPACE, grid.whole, with_isolated=True)
    names = ("Coarseness", "Contrast", "Busyness", "Complexity", "Strength")
    return dict(zip(names, tone_features(tones), strict=True))


def _named(names: Mapping[str, str], made: Emphases) -> dict[str, float]:
    return {name: averaged(getattr(made, field)) for name, field in names.items()}


def _has_lines(
    matrices: CountMatrices, number: int, direction: Direction, levels: NDArray[np.int32]
) -> bool:
    """Whether any line along the direction holds two voxels of the region, touching or not."""
    lengths = matrices.columns[matrices.starts[number] : matrices.starts[number + 1]]
    if lengths.max() > 1:
        return True
    steps, places = np.array(direction), np.argwhere(levels)
    moving = int(np.flatnonzero(steps)[0])
    origins = places - places[:, moving : moving + 1] * (steps * steps[moving])
    return len(np.unique(origins, axis=0)) < len(origins)
