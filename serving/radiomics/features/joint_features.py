"""The 25 features of co-occurrence matrices (IBSI 3.6), from their distributions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.radiomics.features.joint_distribution import JointDistribution

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class JointFeatures:
    """One value of each feature for each matrix: (matrices,). Entropies are in bits."""

    joint_maximum: Values
    joint_average: Values
    joint_variance: Values
    joint_entropy: Values
    difference_average: Values
    difference_variance: Values
    difference_entropy: Values
    sum_average: Values
    sum_variance: Values
    sum_entropy: Values
    energy: Values
    contrast: Values
    inverse_difference: Values
    inverse_difference_normalised: Values
    inverse_difference_moment: Values
    inverse_difference_moment_normalised: Values
    inverse_variance: Values
    correlation: Values
    autocorrelation: Values
    cluster_shade: Values
    cluster_prominence: Values
    information_correlation_1: Values
    information_correlation_2: Values


def joint_features(of: JointDistribution, level_count: int) -> JointFeatures:
    """The features of each matrix; `level_count` is Ng, by which differences are normalised.

    Cluster tendency equals the sum variance and dissimilarity the difference average, so neither
    is listed twice. Correlation is NaN where all voxels have one level.
    """
    differences = np.arange(of.difference.shape[1], dtype=np.float64)
    mean, variance = _moments(of.level)
    sum_mean, sum_variance = _moments(of.total)
    difference_mean, difference_variance = _moments(of.difference)
    contrast = of.difference @ differences**2
    autocorrelation = (of.total @ np.arange(of.total.shape[1]) ** 2.0 - contrast) / 4
    return JointFeatures(
        joint_maximum=of.maximum,
        joint_average=mean,
        joint_variance=variance,
        joint_entropy=of.entropy,
        difference_average=difference_mean,
        difference_variance=difference_variance,
        difference_entropy=entropy(of.difference),
        sum_average=sum_mean,
        sum_variance=sum_variance,
        sum_entropy=entropy(of.total),
        energy=of.energy,
        contrast=contrast,
        inverse_difference=of.difference @ (1 / (1 + differences)),
        inverse_difference_normalised=of.difference @ (1 / (1 + differences / level_count)),
        inverse_difference_moment=of.difference @ (1 / (1 + differences**2)),
        inverse_difference_moment_normalised=of.difference
        @ (1 / (1 + differences**2 / level_count**2)),
        inverse_variance=of.difference[:, 1:] @ (1 / differences[1:] ** 2),
        correlation=_correlation(variance, sum_variance),
        autocorrelation=autocorrelation,
        cluster_shade=_central(of.total, sum_mean, 3),
        cluster_prominence=_central(of.total, sum_mean, 4),
        information_correlation_1=_information_1(of),
        information_correlation_2=_information_2(of),
    )


def entropy(chances: Values) -> Values:
    """Of each row, in bits."""
    logarithms = np.log2(chances, out=np.zeros_like(chances), where=chances > 0)
    made: Values = -(chances * logarithms).sum(axis=1)
    return made


def _moments(chances: Values) -> tuple[Values, Values]:
    """Mean and variance of each row's distribution over 0, 1, 2 and so on."""
    mean = chances @ np.arange(chances.shape[1], dtype=np.float64)
    return mean, _central(chances, mean, 2)


def _central(chances: Values, mean: Values, power: int) -> Values:
    places = np.arange(chances.shape[1], dtype=np.float64)
    made: Values = ((places[None] - mean[:, None]) ** power * chances).sum(axis=1)
    return made


def _correlation(variance: Values, sum_variance: Values) -> Values:
    """Var(i + j) = 2 Var(i) + 2 Cov(i, j), the marginals being equal."""
    undefined = np.full_like(variance, np.nan)
    return np.divide(sum_variance / 2 - variance, variance, out=undefined, where=variance > 0)


def _information_1(of: JointDistribution) -> Values:
    """In a symmetric matrix HXY1 is twice the entropy HX of the marginal distribution."""
    marginal = entropy(of.level)
    undefined = np.full_like(marginal, np.nan)
    return np.divide(of.entropy - 2 * marginal, marginal, out=undefined, where=marginal > 0)


def _information_2(of: JointDistribution) -> Values:
    """HXY2 is 2 HX as well; the exponent is in bits, as IBSI's reference values have it."""
    surplus = np.maximum(2 * entropy(of.level) - of.entropy, 0.0)
    made: Values = np.sqrt(1 - np.exp(-2 * surplus))
    return made
