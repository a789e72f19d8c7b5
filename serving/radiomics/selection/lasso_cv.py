"""LassoCV with scikit-learn's interface and results in a fraction of its time."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from numbers import Integral, Number
from typing import Any, Self

import numpy as np
from joblib import effective_n_jobs  # type: ignore[import-untyped]
from numpy.typing import NDArray
from scipy import sparse
from sklearn import linear_model
from sklearn.base import _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import check_cv
from sklearn.utils.validation import _check_sample_weight, validate_data
from threadpoolctl import ThreadpoolController

from serving.radiomics.selection.lasso_descent import Demand
from serving.radiomics.selection.lasso_folds import (
    FloatArray,
    column_moments,
    held_shares,
    make_folds,
    training_counts,
    weight_scale,
)
from serving.radiomics.selection.lasso_path import fold_paths
from serving.radiomics.selection.lasso_products import shared_products, whole_products
from serving.radiomics.selection.lasso_refit import lasso_from_zero
from serving.radiomics.selection.lasso_room import make_room

Split = tuple[NDArray[np.intp], NDArray[np.intp]]

_LEAST_ALPHA = np.finfo(np.float64).resolution


class LassoCV(linear_model.LassoCV):
    """Lasso whose penalty is chosen by cross-validation, as `sklearn.linear_model.LassoCV`.

    Parameters, attributes and errors are scikit-learn's own. The final fit takes the same steps
    as scikit-learn's, so at the same alpha the coefficients, support, sweeps and dual gap agree
    up to rounding. Within the folds every alpha is solved exactly, whatever `tol` (but where a fold
    cannot follow the path it descends, as near as `tol` asks), while scikit-learn's errors are as
    near as `tol` makes them: a near tie between alphas may be decided otherwise. `precompute` has
    no effect, except that a given matrix goes to scikit-learn's own code; so do sparse or
    single-precision features, `selection="random"`, alphas of zero and metadata routing.

    Sources: Hintermueller 2002, Fan 2014 (the path), Tibshirani 2012 (strong rule), Fercoq 2015
    (stopping by the duality gap), Ndiaye 2017 (gap-safe screening).
    """

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Self:  # noqa: N803
        """Chooses alpha over the folds, then fits all rows at it.

        X (samples, features), y (samples,), sample_weight (samples,) or None. Raises what
        scikit-learn raises: ValueError for shapes and values that cannot be fitted.
        """
        if params or not self._has_own_way(X):
            super().fit(X, y, sample_weight, **params)
            return self
        rows, target = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        weight = None
        if sample_weight is not None and not isinstance(sample_weight, Number):
            weight = _check_sample_weight(sample_weight, rows, dtype=np.float64)
        folds = list(check_cv(self.cv).split(rows, target))
        with _thread_pools().limit(limits=1, user_api="blas"):
            self._choose_alpha(rows, target.astype(np.float64), weight, folds)
        return self

    def _has_own_way(self, features: Any) -> bool:
        """Whether the fast path covers what is asked."""
        if sparse.issparse(features) or getattr(features, "dtype", None) == np.float32:
            return False
        if isinstance(self.precompute, str | bool) and self.selection == "cyclic":
            return isinstance(self.alphas, Integral) or bool(np.all(np.asarray(self.alphas) > 0.0))
        return False

    def _choose_alpha(
        self,
        rows: FloatArray,
        target: FloatArray,
        sample_weight: FloatArray | None,
        folds: Sequence[Split],
    ) -> None:
        offset = np.zeros(rows.shape[1])
        target_offset = 0.0
        if self.fit_intercept:
            offset = np.average(rows, axis=0, weights=sample_weight)
            target_offset = float(np.average(target, weights=sample_weight))
        centred_rows = np.ascontiguousarray(rows - offset)
        features = np.ascontiguousarray(centred_rows.T)
        centred = target - target_offset
        self.alphas_ = self._grid(features, centred, sample_weight)
        self.mse_path_ = self._errors(centred_rows, features, centred, sample_weight, folds)
        self.alpha_ = self.alphas_[np.argmin(self.mse_path_.mean(axis=1))]
        self._refit(features, centred, sample_weight)
        self.intercept_ = target_offset - offset @ self.coef_ if self.fit_intercept else 0.0

    def _grid(
        self, features: FloatArray, target: FloatArray, sample_weight: FloatArray | None
    ) -> FloatArray:
        """Descending; geometric from the least alpha at which all coefficients are zero."""
        if not isinstance(self.alphas, Integral):
            return np.sort(np.asarray(self.alphas, dtype=np.float64))[::-1]
        weighted = target if sample_weight is None else target * sample_weight
        samples = len(target) if sample_weight is None else sample_weight.sum()
        pull = features @ weighted
        greatest = float(max(0.0, pull.max()) if self.positive else np.abs(pull).max()) / samples
        if greatest <= _LEAST_ALPHA:
            return np.full(int(self.alphas), _LEAST_ALPHA)
        return np.geomspace(greatest, greatest * self.eps, num=int(self.alphas))

    def _errors(
        self,
        rows: FloatArray,
        features: FloatArray,
        target: FloatArray,
        sample_weight: FloatArray | None,
        folds: Sequence[Split],
    ) -> FloatArray:
        """Mean squared errors on held-out rows, (alphas, folds)."""
        counts = training_counts([_indices(train) for train, _ in folds], len(target))
        held = held_shares([_indices(test) for _, test in folds], len(target), sample_weight)
        scale = weight_scale(counts, sample_weight)
        weights = 1.0 if sample_weight is None else sample_weight
        weight = np.sqrt(scale[:, None] * weights * counts)
        whole = whole_products(features, sample_weight)
        demand = Demand(self.max_iter, self.tol, self.positive)
        jobs = min(effective_n_jobs(self.n_jobs), len(folds))
        shares = [np.arange(job, len(folds), jobs) for job in range(jobs)]

        def run(share: NDArray[np.intp]) -> None:
            part = make_folds(
                rows, features, target, weight[share], held[share], self.fit_intercept
            )
            shared = shared_products(whole, counts[share], sample_weight, scale[share])
            alphas = counts[share].sum(axis=1)[:, None] * self.alphas_
            found, sweeps = fold_paths(
                part, shared, alphas, demand, make_room(len(share), *rows.shape)
            )
            errors[:, share] = found.T
            unconverged.append(int(np.sum(sweeps < 0)))

        unconverged: list[int] = []
        errors = np.empty((len(self.alphas_), len(folds)))
        if jobs == 1:
            run(shares[0])
        else:
            with ThreadPoolExecutor(jobs) as pool:
                list(pool.map(run, shares))
        if any(unconverged):
            _warn_unconverged(f"{sum(unconverged)} fits within the folds")
        return errors

    def _refit(
        self, features: FloatArray, target: FloatArray, sample_weight: FloatArray | None
    ) -> None:
        samples = len(target)
        squared = np.ones((1, samples))
        if sample_weight is not None:
            squared[0] = sample_weight * (samples / sample_weight.sum())
            features = features * np.sqrt(squared[0])
            target = target * np.sqrt(squared[0])
        _, norm = column_moments(features, np.ones((1, samples)), False)
        alpha = self.alpha_ * samples
        self.coef_, gap, self.n_iter_, converged = lasso_from_zero(
            features, target, norm[0], alpha, self.max_iter, self.tol, self.positive
        )
        self.dual_gap_ = gap / samples
        if not converged:
            _warn_unconverged("the final fit")


@cache
def _thread_pools() -> ThreadpoolController:
    """Kept, because looking up which libraries are loaded takes milliseconds.

    numpy, scipy and scikit-learn have loaded theirs by the first fit.
    """
    return ThreadpoolController()


def _indices(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """A splitter may also give a mask."""
    given = np.asarray(rows)
    return np.flatnonzero(given) if given.dtype == bool else given


def _warn_unconverged(what: str) -> None:
    warnings.warn(
        f"LassoCV: {what} did not converge within max_iter sweeps; raise max_iter or tol, or "
        "scale the features.",
        ConvergenceWarning,
        stacklevel=5,
    )
