"""A child of `bench-radiomics-lasso`: fits what it is told to, one line of JSON each way.

Runs in the interpreter that has the side's package; needs numpy and scikit-learn.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LassoCV
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_info, threadpool_limits

from loadtests.bench.radiomics_lasso_data import make_cohort

FOLDS = 10
EXPLAINED = 0.95
MAX_ITER = 1_000_000
"""Enough for scikit-learn to converge; sweeps end by the tolerance long before."""

Fit = Callable[[Any, Any, int], tuple[float, Any]]


def fitter(side: str) -> Fit:
    """The side's way from features, target and jobs to alpha and coefficients."""
    if side == "celer":
        from celer import celer_path

        return lambda table, target, jobs: _fit_celer(celer_path, table, target)
    if side == "aibox":
        from serving.radiomics import LassoCV as OwnLassoCV

        return lambda table, target, jobs: _fit_estimator(OwnLassoCV, table, target, jobs)
    if side == "sklearnex":
        from sklearnex import patch_sklearn

        patch_sklearn(verbose=False)
        from sklearn.linear_model import LassoCV as PatchedLassoCV

        return lambda table, target, jobs: _fit_estimator(PatchedLassoCV, table, target, jobs)
    return lambda table, target, jobs: _fit_estimator(LassoCV, table, target, jobs)


def _fit_estimator(kind: Any, table: Any, target: Any, jobs: int) -> tuple[float, Any]:
    fitted = kind(cv=FOLDS, max_iter=MAX_ITER, n_jobs=jobs).fit(table, target)
    return float(fitted.alpha_), fitted.coef_


def _fit_celer(celer_path: Any, table: Any, target: Any) -> tuple[float, Any]:
    """Celer's own LassoCV fails in 0.7.4, so its path is run fold by fold as LassoCV would."""
    centred = target - target.mean()
    greatest = np.abs((table - table.mean(axis=0)).T @ centred).max() / len(target)
    alphas = np.geomspace(greatest, greatest * 1e-3, 100)
    errors = []
    for train, test in KFold(FOLDS).split(table):
        mean, offset = table[train].mean(axis=0), target[train].mean()
        rows = np.asfortranarray(table[train] - mean)
        _, coefs, _ = celer_path(rows, target[train] - offset, "lasso", alphas=alphas, tol=1e-4)
        missed = (table[test] - mean) @ coefs + offset - target[test][:, None]
        errors.append(np.mean(np.square(missed), axis=0))
    alpha = alphas[np.argmin(np.mean(errors, axis=0))]
    rows = np.asfortranarray(table - table.mean(axis=0))
    _, coefs, _ = celer_path(rows, centred, "lasso", alphas=np.array([alpha]), tol=1e-4)
    return float(alpha), coefs[:, 0]


def _fit_pca(table: Any, target: Any, jobs: int) -> tuple[float, Any]:
    """PCA then LassoCV in each of ten outer folds, as in the case study; the last fold's model."""
    for train, _ in KFold(FOLDS).split(table):
        lasso = LassoCV(cv=FOLDS, max_iter=MAX_ITER, n_jobs=jobs)
        pca = PCA(EXPLAINED, svd_solver="full")
        fitted = make_pipeline(pca, lasso).fit(table[train], target[train])
    return float(fitted[-1].alpha_), fitted[-1].coef_


def _fit_own_pca(table: Any, target: Any, jobs: int) -> tuple[float, Any]:
    """The same with the box's own components and LassoCV."""
    from serving.radiomics import LassoCV as OwnLassoCV
    from serving.radiomics.modelling.projection import principal_components

    for train, _ in KFold(FOLDS).split(table):
        found = principal_components(table[train], None, EXPLAINED)
        scores = (table[train] - found.mean) @ found.directions.T
        fitted = OwnLassoCV(cv=FOLDS, max_iter=MAX_ITER, n_jobs=jobs).fit(scores, target[train])
    return float(fitted.alpha_), fitted.coef_


def pca_fitter(side: str) -> Fit:
    """PCA + LassoCV of the side."""
    return _fit_own_pca if side == "aibox" else _fit_pca


def main(side: str) -> None:
    """Answers requests until standard input ends."""
    ways = {"lasso": fitter(side), "pca": pca_fitter(side)}
    small = make_cohort(60, 80, 0, "white")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ways["lasso"](*small, 1)
    print(
        json.dumps({"blas": [part.get("architecture") for part in threadpool_info()]}), flush=True
    )
    for line in sys.stdin:
        ask = json.loads(line)
        cohort = make_cohort(ask["samples"], ask["features"], ask["seed"], ask["kind"])
        with warnings.catch_warnings(record=True) as caught, threadpool_limits(ask["threads"]):
            warnings.simplefilter("always")
            started = time.perf_counter()
            alpha, coef = ways[ask["task"]](*cohort, ask["threads"])
            seconds = time.perf_counter() - started
        converged = not any("onverge" in str(warning.message) for warning in caught)
        answer = {"seconds": seconds, "alpha": alpha, "coef": coef.tolist(), "converged": converged}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
