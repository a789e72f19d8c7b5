"""Co-occurrence by pyradiomics' names and definitions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.radiomics.features.aggregation import averaged
from serving.radiomics.features.count_matrices import CountMatrices
from serving.radiomics.features.glcm import pairs
from serving.radiomics.features.grid import IN_SPACE, LevelGrid
from serving.radiomics.features.joint_distribution import distributions
from serving.radiomics.features.joint_features import joint_features

Float64 = NDArray[np.float64]
FIELDS = {
    "Autocorrelation": "autocorrelation",
    "ClusterProminence": "cluster_prominence",
    "ClusterShade": "cluster_shade",
    "ClusterTendency": "sum_variance",
    "Contrast": "contrast",
    "Correlation": "correlation",
    "DifferenceAverage": "difference_average",
    "DifferenceEntropy": "difference_entropy",
    "DifferenceVariance": "difference_variance",
    "Id": "inverse_difference",
    "Idm": "inverse_difference_moment",
    "Idmn": "inverse_difference_moment_normalised",
    "Idn": "inverse_difference_normalised",
    "Imc1": "information_correlation_1",
    "Imc2": "information_correlation_2",
    "InverseVariance": "inverse_variance",
    "JointAverage": "joint_average",
    "JointEnergy": "energy",
    "JointEntropy": "joint_entropy",
    "MaximumProbability": "joint_maximum",
    "SumAverage": "sum_average",
    "SumEntropy": "sum_entropy",
    "SumSquares": "joint_variance",
}
_OF_ONE_LEVEL = {"Correlation": 1.0, "Imc1": 0.0}
"""What a direction counts for in which all neighbours have one level."""


def glcm(grid: LevelGrid) -> dict[str, float]:
    """24 features, averaged over the directions in which any voxel has a neighbour."""
    matrices = pairs(grid, IN_SPACE, grid.whole)
    highest = int(grid.levels.max())
    parts = [joint_features(part, highest) for part in distributions(matrices)]
    found = {}
    for name, field in FIELDS.items():
        values = np.concatenate([getattr(part, field) for part in parts])
        if name in _OF_ONE_LEVEL:
            values = np.nan_to_num(values, nan=_OF_ONE_LEVEL[name])
        found[name] = averaged(values)
    return found | {"MCC": averaged(_maximal_correlations(matrices, grid))}


def _maximal_correlations(matrices: CountMatrices, grid: LevelGrid) -> Float64:
    """The maximal correlation coefficient of each direction that has neighbours.

    The square root of the second largest eigenvalue of Q (Haralick 1973). With p symmetric, Q is
    similar to the square of p(i, j) / sqrt(p(i) p(j)), whose eigenvalues a symmetric solver finds.
    """
    occurring = np.flatnonzero(np.bincount(grid.levels[grid.voxels]))
    if len(occurring) < 2:
        return np.ones(1)
    filled = np.flatnonzero(np.diff(matrices.starts))
    return np.array([_maximal_correlation(matrices, one, occurring) for one in filled.tolist()])


def _maximal_correlation(matrices: CountMatrices, one: int, occurring: NDArray[np.int64]) -> float:
    span = slice(matrices.starts[one], matrices.starts[one + 1])
    rows = np.searchsorted(occurring, matrices.rows[span])
    columns = np.searchsorted(occurring, matrices.columns[span])
    joint = np.zeros((len(occurring), len(occurring)))
    np.add.at(joint, (rows, columns), matrices.counts[span])
    joint += joint.T
    scale = np.sqrt(joint.sum(axis=1))
    scale[scale == 0] = 1.0
    return float(np.sort(np.abs(np.linalg.eigvalsh(joint / np.outer(scale, scale))))[-2])
