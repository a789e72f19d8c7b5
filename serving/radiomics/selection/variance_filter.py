"""Leaves out features that hardly vary."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from serving.domain.errors import InvalidRequest


class VarianceFilter(SelectorMixin, BaseEstimator):
    """Keeps features whose population variance in the training rows exceeds `threshold`.

    X is (samples, features). `threshold` is in squared units of the features; 0 drops constant
    ones. `fit` raises InvalidRequest where no feature is left, ValueError as scikit-learn does.
    """

    def __init__(self, threshold: float = 0.0) -> None:
        self.threshold = threshold

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803
        """Takes the variances of the rows given, `y` being ignored."""
        rows = validate_data(self, X, dtype=np.float64)
        # A constant column's variance may be a rounding error rather than nothing.
        spread = rows.max(axis=0) - rows.min(axis=0)
        self.variances_ = np.where(spread > 0.0, rows.var(axis=0), 0.0)
        if not np.any(self.variances_ > self.threshold):
            raise InvalidRequest(
                "Expected a feature whose variance exceeds the threshold; found none. Lower the "
                "threshold or look at the features for a constant table.",
                threshold=self.threshold,
            )
        return self

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        mask: NDArray[np.bool_] = self.variances_ > self.threshold
        return mask
