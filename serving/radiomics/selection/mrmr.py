"""Minimum redundancy, maximum relevance: few features that tell much and repeat little."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin, f_classif, f_regression
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from serving.domain.errors import InvalidRequest

_LEAST_REDUNDANCY = 1e-3
"""Keeps the quotient finite for a feature that correlates with none chosen."""


class Mrmr(SelectorMixin, BaseEstimator):
    """Chooses `features` columns one by one (Ding and Peng 2005; Zhao 2019 for the names).

    Relevance is the F statistic (of classes, or of a regression on a continuous target);
    redundancy the mean |Pearson correlation| with the columns chosen before. `scheme` "FCQ" takes
    their quotient, "FCD" their difference. The first column is the most relevant one; ties go to
    the earlier column. X is (samples, features). `fit` raises InvalidRequest for an unknown
    scheme or less than one feature; fewer than `features` are chosen where X has fewer.
    """

    def __init__(self, features: int = 10, scheme: Literal["FCQ", "FCD"] = "FCQ") -> None:
        self.features = features
        self.scheme = scheme

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        """Ranks the columns by the rows given; `ranking_` holds those chosen, best first."""
        rows, target = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=3)
        if self.features < 1 or self.scheme not in ("FCQ", "FCD"):
            raise InvalidRequest(
                "Expected at least one feature and the scheme FCQ or FCD; got something else. "
                "Set both accordingly.",
                features=self.features,
            )
        self.relevance_ = _relevance(rows, target)
        self.ranking_ = _choose(rows, self.relevance_, self.features, self.scheme)
        return self

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        mask = np.zeros(self.n_features_in_, dtype=np.bool_)
        mask[self.ranking_] = True
        return mask


def _relevance(rows: NDArray[np.float64], target: NDArray[Any]) -> NDArray[np.float64]:
    """F statistics; 0 for constant columns."""
    found = np.zeros(rows.shape[1])
    varies = rows.max(axis=0) > rows.min(axis=0)
    statistic = f_regression if type_of_target(target).startswith("continuous") else f_classif
    found[varies] = np.nan_to_num(statistic(rows[:, varies], target)[0], posinf=1e300)
    return found


def _choose(
    rows: NDArray[np.float64], relevance: NDArray[np.float64], wanted: int, scheme: str
) -> NDArray[np.intp]:
    centred = rows - rows.mean(axis=0)
    length = np.sqrt(np.sum(np.square(centred), axis=0))
    scaled = centred / np.where(length > 0.0, length, 1.0)
    chosen = [int(np.argmax(relevance))]
    overlap = np.zeros(len(relevance))
    while len(chosen) < min(wanted, len(relevance)):
        overlap += np.abs(scaled.T @ scaled[:, chosen[-1]])
        redundancy = overlap / len(chosen)
        if scheme == "FCQ":
            score = relevance / np.maximum(redundancy, _LEAST_REDUNDANCY)
        else:
            score = relevance - redundancy
        score[chosen] = -np.inf
        chosen.append(int(np.argmax(score)))
    return np.array(chosen, dtype=np.intp)
