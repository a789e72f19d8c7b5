"""Leaves out features that say what an earlier one says."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from serving.domain.errors import InvalidRequest


class CorrelationFilter(SelectorMixin, BaseEstimator):
    """Keeps a feature unless its |correlation| with one kept before exceeds `threshold`.

    Features are gone through in the order of X's columns, so the choice depends on nothing but
    the training rows. X is (samples, features); `method` is Spearman's rank correlation (ties
    get their mean rank) or Pearson's. Constant features correlate with none and are kept.
    `fit` raises InvalidRequest for a threshold outside 0 to 1 or an unknown method.
    """

    def __init__(
        self, threshold: float = 0.9, method: Literal["spearman", "pearson"] = "spearman"
    ) -> None:
        self.threshold = threshold
        self.method = method

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803
        """Chooses among the columns by the rows given, `y` being ignored."""
        rows = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        if not 0.0 <= self.threshold <= 1.0 or self.method not in ("spearman", "pearson"):
            raise InvalidRequest(
                "Expected a correlation threshold from 0 to 1 and the method spearman or pearson; "
                "got something else. Set both accordingly.",
                threshold=self.threshold,
            )
        values = rankdata(rows, axis=0) if self.method == "spearman" else rows
        self.support_ = _greedy(np.abs(_correlations(values)), self.threshold)
        return self

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        mask: NDArray[np.bool_] = self.support_
        return mask


def _correlations(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson's, (features, features); 0 with a constant column."""
    centred = values - values.mean(axis=0)
    length = np.sqrt(np.sum(np.square(centred), axis=0))
    flat = length <= 1e-12 * np.abs(values).max(axis=0)
    scaled = centred / np.where(flat, 1.0, length)
    scaled[:, flat] = 0.0
    found: NDArray[np.float64] = scaled.T @ scaled
    return found


def _greedy(size: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    kept = np.ones(len(size), dtype=np.bool_)
    for j in range(len(size)):
        if kept[j]:
            kept[j + 1 :] &= size[j, j + 1 :] <= threshold
    return kept
