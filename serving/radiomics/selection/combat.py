"""ComBat: takes the scanner's and the centre's mark out of the features."""

from __future__ import annotations

import warnings
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from serving.domain.errors import InvalidRequest

FloatArray = NDArray[np.float64]

_STEPS = 1000
_STILL = 1e-8


class Combat(TransformerMixin, BaseEstimator):
    """Parametric empirical-Bayes adjustment for centres (Johnson 2007, Biostatistics 8:118).

    X is (samples, features) followed by the column of the centre's number and, after it,
    `covariates` columns whose effect is to be kept; the output holds the features alone. A
    row is adjusted by what `fit` learned from training rows, never by other rows of its own table.
    A centre that `fit` did not see raises InvalidRequest, or passes unadjusted by its centre with
    a UserWarning where `unseen` is "pass". `fit` raises InvalidRequest where a centre has fewer
    than two rows, or covariates leave a centre's effect undetermined.
    """

    def __init__(self, covariates: int = 0, unseen: Literal["error", "pass"] = "error") -> None:
        self.covariates = covariates
        self.unseen = unseen

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803
        """Estimates each centre's shift and scale, `y` being ignored."""
        features, centres, kept = self._parts(validate_data(self, X, dtype=np.float64))
        self.centres_, index, sizes = np.unique(centres, return_inverse=True, return_counts=True)
        design = np.hstack([np.eye(len(self.centres_))[index], kept])
        if sizes.min() < 2 or np.linalg.matrix_rank(design) < design.shape[1]:
            raise InvalidRequest(
                "Expected at least two training rows per centre and covariates that do not "
                "determine the centre; got others. Merge small centres or leave covariates out.",
                centres=len(sizes),
            )
        effects = np.linalg.lstsq(design, features, rcond=None)[0]
        self.mean_ = sizes / sizes.sum() @ effects[: len(sizes)]
        self.covariate_effects_ = effects[len(sizes) :]
        variance = np.mean(np.square(features - design @ effects), axis=0)
        self.scale_ = np.sqrt(np.where(variance > 0.0, variance, 1.0))
        standard = self._standardise(features, kept)
        fits = [_posterior(standard[index == centre]) for centre in range(len(sizes))]
        self.shift_ = np.stack([shift for shift, _ in fits])
        self.spread_ = np.sqrt(np.stack([squared for _, squared in fits]))
        return self

    def transform(self, X: Any) -> FloatArray:  # noqa: N803
        """The features, (samples, features), as if from one centre."""
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        features, centres, kept = self._parts(rows)
        index = np.searchsorted(self.centres_, centres).clip(max=len(self.centres_) - 1)
        seen = self.centres_[index] == centres
        if not np.all(seen):
            self._meet_unseen(int(np.sum(~seen)))
        shift = np.where(seen[:, None], self.shift_[index], 0.0)
        spread = np.where(seen[:, None], self.spread_[index], 1.0)
        standard = (self._standardise(features, kept) - shift) / spread
        adjusted: FloatArray = standard * self.scale_ + self._expected(kept)
        return adjusted

    def _parts(self, rows: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        features = rows.shape[1] - 1 - self.covariates
        if self.covariates < 0 or features < 1:
            raise InvalidRequest(
                "Expected features, the centre's column and the covariates; got too few columns. "
                "Append the centre's number, then the covariates.",
                columns=rows.shape[1],
            )
        return rows[:, :features], rows[:, features], rows[:, features + 1 :]

    def _expected(self, kept: FloatArray) -> FloatArray:
        expected: FloatArray = self.mean_ + kept @ self.covariate_effects_
        return expected

    def _standardise(self, features: FloatArray, kept: FloatArray) -> FloatArray:
        return (features - self._expected(kept)) / self.scale_

    def _meet_unseen(self, rows: int) -> None:
        if self.unseen != "pass":
            raise InvalidRequest(
                "Expected centres that the training rows hold; got others. Train with those "
                'centres, or set unseen="pass" to leave their rows unadjusted.',
                rows=rows,
            )
        warnings.warn(
            f"ComBat: {rows} rows of centres unseen in training are left unadjusted.",
            UserWarning,
            stacklevel=3,
        )


def _posterior(standard: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Shift and squared spread of one centre's standardised rows, shrunk over the features.

    The equations of Johnson 2007, section 3.1, iterated until they hold together.
    """
    rows = np.asarray(standard, dtype=np.float64)
    size = len(rows)
    shift_found = rows.mean(axis=0)
    spread_found = rows.var(axis=0, ddof=1)
    prior_mean, prior_variance = shift_found.mean(), _variance(shift_found)
    mean, variance = spread_found.mean(), _variance(spread_found)
    if prior_variance == 0.0 or variance == 0.0:
        return shift_found, np.where(spread_found > 0.0, spread_found, 1.0)
    shape = 2.0 + mean**2 / variance
    rate = mean * (shape - 1.0)
    shift, squared = shift_found, spread_found
    for _ in range(_STEPS):
        new_shift = (size * prior_variance * shift_found + squared * prior_mean) / (
            size * prior_variance + squared
        )
        left = np.sum(np.square(rows - new_shift), axis=0)
        new_squared = (rate + 0.5 * left) / (0.5 * size + shape - 1.0)
        still = max(np.ptp(new_shift - shift), np.ptp(new_squared - squared)) < _STILL
        shift, squared = new_shift, new_squared
        if still:
            break
    return shift, squared


def _variance(values: FloatArray) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0
