"""Products of features within each fold, from those over all rows: folds differ in few rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from serving.radiomics.selection.lasso_folds import FloatArray, Folds, IntArray
from serving.radiomics.selection.lasso_vectors import products, subtract_rows

MOST_FEATURES = 8192
"""Products of all features with each other take 512 MiB then; of more, those asked for are made."""


class Shared(NamedTuple):
    """Row i of a fold counts `difference` more often than in `whole`, which counts it once.

    Rows of a fold that stand in `whole` as they are, which is nine of ten in ten folds, need no
    work at all.
    """

    whole: FloatArray
    """(features, features): over all rows, weighted by the samples; empty if there are too many."""
    otherwise: IntArray
    """(folds, most rows): the rows that count otherwise."""
    difference: FloatArray
    """(folds, most rows): 0 for places that are not used."""
    scale: FloatArray
    """(folds,): what a sample's weight is multiplied by in the fold."""


def whole_products(features: FloatArray, sample_weight: FloatArray | None) -> FloatArray:
    """(features, features), or empty where there are too many; `features` (features, samples)."""
    if len(features) > MOST_FEATURES:
        return np.empty((0, 0))
    weighted = features if sample_weight is None else features * np.sqrt(sample_weight)
    found: FloatArray = weighted @ weighted.T
    return found


def shared_products(
    whole: FloatArray,
    counts: FloatArray,
    sample_weight: FloatArray | None,
    scale: FloatArray,
) -> Shared:
    """`counts` (folds, samples): how often a fold trains on a row; `scale` (folds,)."""
    weight = np.ones(counts.shape[1]) if sample_weight is None else sample_weight
    which = [np.flatnonzero(row != 1.0) for row in counts] if len(whole) else []
    most = max((len(rows) for rows in which), default=0)
    otherwise = np.zeros((len(counts), most), np.int64)
    difference = np.zeros((len(counts), most))
    for fold, rows in enumerate(which):
        otherwise[fold, : len(rows)] = rows
        difference[fold, : len(rows)] = (counts[fold, rows] - 1.0) * weight[rows]
    return Shared(whole, otherwise, difference, scale)


@njit(cache=True, nogil=True)
def fill_apart(shared: Shared, folds: Folds, fold: int, feature: int, apart: FloatArray) -> None:
    """Fills `apart` (most rows and one) with what makes the fold's products of a feature others
    than those in `whole`: its rows that count otherwise, and its mean.
    """
    most = shared.otherwise.shape[1]
    for i in range(most):
        apart[i] = folds.features[feature, shared.otherwise[fold, i]]
    apart[most] = folds.mean[fold, feature]


@njit(cache=True, nogil=True)
def fill_products(
    shared: Shared, folds: Folds, fold: int, which: IntArray, apart: FloatArray, found: FloatArray
) -> None:
    """Fills `found` (which,) with products of the last of the fold's weighted and centred columns
    with each.

    `apart` (most rows and one, at least which): column by column as `fill_apart` makes it.
    """
    feature = which[-1]
    if len(shared.whole) == 0:
        centred = folds.weight[fold] ** 2 * (folds.features[feature] - folds.mean[fold, feature])
        products(centred, folds.features, which, found)
        return
    most, scale = shared.otherwise.shape[1], shared.scale[fold]
    less = apart[:, len(which) - 1].copy()
    less[:most] *= -shared.difference[fold]
    less[most] *= folds.mass[fold] / scale
    for k in range(len(which)):
        found[k] = shared.whole[feature, which[k]]
    subtract_rows(found, apart, np.arange(len(less)), less)
    found *= scale
