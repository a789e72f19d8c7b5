"""The training parts of all folds over one shared copy of the features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_FLAT = 1e-10
"""Share of a column's raw squares below which its spread is computed anew, without cancellation."""


class Folds(NamedTuple):
    """What scikit-learn's centred copy of each fold's training rows holds, without the copies.

    Row i of fold f is `weight[f, i] * (features[:, i] - mean[f])`; held-out rows weigh 0.
    """

    features: FloatArray
    """(features, samples), C order, centred over all samples so that `mean` stays small."""
    rows: FloatArray
    """(samples, features): the same, C order, in which all gradients are computed fastest."""
    weight: FloatArray
    """(folds, samples): root of the sample's weight, or of how often the fold trains on it."""
    target: FloatArray
    """(folds, samples): centred by fold and weighted like the rows."""
    mean: FloatArray
    """(folds, features): weighted, over the fold's training rows; 0 without an intercept."""
    norm: FloatArray
    """(folds, features): Euclidean length of a fold's column."""
    mass: FloatArray
    """(folds,): sum of the squared weights."""
    answer: FloatArray
    """(samples,): the target, centred over all samples."""
    target_mean: FloatArray
    """(folds,): of `answer`, weighted, over the fold's training rows; 0 without an intercept."""
    held: FloatArray
    """(folds, samples): part of a held-out row's square in the fold's error; 0 for the others."""


def training_counts(trains: Sequence[NDArray[np.intp]], samples: int) -> FloatArray:
    """How often each fold trains on each row, (folds, samples).

    `trains`: training rows of each fold, as indices; a row that stands twice counts twice.
    """
    counts = [np.bincount(train, minlength=samples) for train in trains]
    return np.array(counts, dtype=np.float64)


def weight_scale(counts: FloatArray, sample_weight: FloatArray | None) -> FloatArray:
    """(folds,): by what scikit-learn multiplies the samples' weights in each fold."""
    if sample_weight is None:
        return np.ones(len(counts))
    scale: FloatArray = counts.sum(axis=1) / (counts @ sample_weight)
    return scale


def held_shares(
    tests: Sequence[NDArray[np.intp]], samples: int, sample_weight: FloatArray | None
) -> FloatArray:
    """(folds, samples): how much a row's square counts in the mean over the held-out rows.

    `tests`: held-out rows of each fold, as indices. Raises ZeroDivisionError, as scikit-learn,
    where a fold's held-out rows weigh nothing.
    """
    held = training_counts(tests, samples)
    if sample_weight is not None:
        held *= sample_weight
    total = held.sum(axis=1, keepdims=True)
    if np.any(total == 0.0):
        raise ZeroDivisionError("the held-out rows of a fold weigh nothing: give them weights")
    shares: FloatArray = held / total
    return shares


def make_folds(
    rows: FloatArray,
    features: FloatArray,
    target: FloatArray,
    weight: FloatArray,
    held: FloatArray,
    fit_intercept: bool,
) -> Folds:
    """Means and lengths of each fold's columns.

    `rows` (samples, features) and `features`, their transpose, are both in C order; `target`
    (samples,); `weight` and `held` (folds, samples).
    """
    squared = np.square(weight)
    target_mean = squared @ target / squared.sum(axis=1)
    if not fit_intercept:
        target_mean[:] = 0.0
    mean, norm = column_moments(features, squared, fit_intercept)
    centred = weight * (target - target_mean[:, None])
    mass = squared.sum(axis=1)
    return Folds(features, rows, weight, centred, mean, norm, mass, target, target_mean, held)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def column_moments(
    features: FloatArray, squared_weight: FloatArray, fit_intercept: bool
) -> tuple[FloatArray, FloatArray]:
    """Weighted mean and centred length of each column in each fold, both (folds, features)."""
    folds, samples = squared_weight.shape
    mean = np.zeros((folds, features.shape[0]))
    norm = np.zeros((folds, features.shape[0]))
    totals = np.sum(squared_weight, axis=1)
    for j in range(features.shape[0]):
        column = features[j]
        for f in range(folds):
            weight = squared_weight[f]
            first = 0.0
            second = 0.0
            for i in range(samples):
                weighted = weight[i] * column[i]
                first += weighted
                second += weighted * column[i]
            if fit_intercept:
                mean[f, j] = first / totals[f]
            centred = second - first * mean[f, j]
            if centred <= _FLAT * second:
                centred = 0.0
                for i in range(samples):
                    centred += weight[i] * (column[i] - mean[f, j]) ** 2
            norm[f, j] = np.sqrt(centred)
    return mean, norm
