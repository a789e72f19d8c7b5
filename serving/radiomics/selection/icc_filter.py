"""Leaves out features that do not repeat when a region is outlined again."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from serving.domain.errors import InvalidRequest

IccForm = Literal["ICC(2,1)", "ICC(3,1)"]


def intraclass_correlation(ratings: ArrayLike, form: IccForm = "ICC(2,1)") -> NDArray[np.float64]:
    """Agreement of repeated measurements, one value a feature (Shrout and Fleiss 1979).

    `ratings`: (subjects, raters, features) or (subjects, raters), at least two of each.
    ICC(2,1): raters are a random sample, absolute agreement; ICC(3,1): these raters alone,
    consistency. NaN where nothing varies. Raises InvalidRequest for fewer than two subjects or
    raters, or an unknown form.
    """
    values = np.asarray(ratings, dtype=np.float64)
    values = values[:, :, None] if values.ndim == 2 else values
    if values.ndim != 3 or min(values.shape[:2]) < 2 or form not in ("ICC(2,1)", "ICC(3,1)"):
        raise InvalidRequest(
            "Expected ratings of at least two subjects by at least two raters and the form "
            "ICC(2,1) or ICC(3,1); got something else. Give every case's features once per mask."
        )
    subjects, raters, _ = values.shape
    grand = values.mean(axis=(0, 1))
    by_subject = values.mean(axis=1)
    by_rater = values.mean(axis=0)
    between = raters * np.sum(np.square(by_subject - grand), axis=0) / (subjects - 1)
    judges = subjects * np.sum(np.square(by_rater - grand), axis=0) / (raters - 1)
    left = values - by_subject[:, None] - by_rater[None] + grand
    error = np.sum(np.square(left), axis=(0, 1)) / ((subjects - 1) * (raters - 1))
    spread = between + (raters - 1) * error
    if form == "ICC(2,1)":
        spread = spread + raters * (judges - error) / subjects
    found = np.full(len(spread), np.nan)
    np.divide(between - error, spread, out=found, where=spread > 0.0)
    return found


class IccFilter(SelectorMixin, BaseEstimator):
    """Keeps features whose intraclass correlation over repeated masks is at least `threshold`.

    `fit` takes X (samples, features) and the `repeats`: (subjects, raters, features), which have
    to come from training cases alone. Without repeats every feature is kept. Raises
    InvalidRequest where the repeats do not fit X or no feature is left.
    """

    def __init__(self, threshold: float = 0.75, form: IccForm = "ICC(2,1)") -> None:
        self.threshold = threshold
        self.form = form

    def fit(self, X: Any, y: Any = None, repeats: ArrayLike | None = None) -> Self:  # noqa: N803
        """Measures the repeats, `y` being ignored."""
        rows = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan")
        if repeats is None:
            self.icc_ = np.ones(rows.shape[1])
            return self
        self.icc_ = intraclass_correlation(repeats, self.form)
        if len(self.icc_) != rows.shape[1] or not np.any(self.icc_ >= self.threshold):
            raise InvalidRequest(
                "Expected repeats of X's own features with one at least that reaches the ICC "
                "threshold; got others, or none reaches it. Check the repeats or lower it.",
                features=rows.shape[1],
                threshold=self.threshold,
            )
        return self

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        mask: NDArray[np.bool_] = self.icc_ >= self.threshold
        return mask
