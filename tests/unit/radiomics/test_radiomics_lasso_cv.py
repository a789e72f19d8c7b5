"""LassoCV gives what scikit-learn's gives."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn import linear_model
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, ShuffleSplit

from serving.radiomics import LassoCV
from serving.radiomics.selection import lasso_products


def cohort(samples: int, features: int, seed: int) -> tuple[NDArray, NDArray]:
    random = np.random.default_rng(seed)
    table = random.standard_normal((samples, features))
    for column in range(1, features):
        table[:, column] += 1.5 * table[:, column - 1] * (column % 10 != 0)
    target = table[:, ::7] @ random.standard_normal(len(range(0, features, 7)))
    return table + 3.0, target + random.standard_normal(samples) * target.std() / 2


def assert_same(table, target, weights=None, **settings) -> None:
    settings = {"max_iter": 200_000, "cv": 5} | settings
    own = LassoCV(**settings).fit(table, target, weights)
    other = linear_model.LassoCV(**settings).fit(table, target, weights)
    np.testing.assert_allclose(own.alphas_, other.alphas_, rtol=1e-10)
    assert own.alpha_ == pytest.approx(other.alpha_, rel=1e-10)
    np.testing.assert_array_equal(own.coef_ != 0.0, other.coef_ != 0.0)
    np.testing.assert_allclose(own.coef_, other.coef_, rtol=1e-8, atol=1e-11)
    assert own.intercept_ == pytest.approx(other.intercept_, rel=1e-9, abs=1e-9)
    assert own.mse_path_.shape == other.mse_path_.shape
    if settings.get("selection") != "random":
        settings |= {"tol": 1e-9}
    exact = linear_model.LassoCV(**settings).fit(table, target, weights)
    np.testing.assert_allclose(own.mse_path_, exact.mse_path_, rtol=1e-5)
    assert own.n_iter_ == other.n_iter_
    assert own.dual_gap_ == pytest.approx(other.dual_gap_, rel=1e-6, abs=1e-9)
    assert own.score(table, target) == pytest.approx(other.score(table, target), rel=1e-9)


@pytest.mark.parametrize(("samples", "features"), [(50, 120), (80, 80), (150, 40)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_everything_fitted_is_scikit_learns(samples: int, features: int, seed: int) -> None:
    assert_same(*cohort(samples, features, seed))


@pytest.mark.parametrize(
    "settings",
    [
        {"fit_intercept": False},
        {"positive": True},
        {"alphas": 30, "eps": 1e-2},
        {"alphas": [30.0, 5.0, 10.0, 7.0]},
        {"tol": 1e-6},
        {"cv": KFold(4, shuffle=True, random_state=1)},
        {"cv": ShuffleSplit(4, test_size=0.3, random_state=1)},
        {"n_jobs": 2},
        {"precompute": True},
        {"selection": "random", "random_state": 0},
    ],
    ids=str,
)
def test_every_setting_means_what_it_means_there(settings: dict) -> None:
    assert_same(*cohort(60, 90, 3), **settings)


def test_sample_weights_weigh_as_there() -> None:
    table, target = cohort(60, 90, 4)
    assert_same(table, target, np.random.default_rng(4).uniform(0.2, 3.0, 60))


def test_held_out_rows_that_weigh_nothing_are_refused_as_there() -> None:
    table, target = cohort(60, 20, 4)
    weights = np.ones(60)
    weights[:12] = 0.0
    for model in (LassoCV(cv=5), linear_model.LassoCV(cv=5)):
        with pytest.raises(ZeroDivisionError):
            model.fit(table, target, weights)


def test_a_constant_column_and_a_repeated_one_do_no_harm() -> None:
    table, target = cohort(60, 30, 5)
    table[:, 4] = 7.25
    table[:, 9] = table[:, 3]
    assert_same(table, target)


def test_a_fold_may_train_on_a_row_twice() -> None:
    table, target = cohort(40, 20, 6)
    random = np.random.default_rng(6)
    folds = [(random.integers(0, 30, 40), np.arange(30, 40)) for _ in range(3)]
    assert_same(table, target, cv=folds)


def test_too_few_iterations_are_warned_of() -> None:
    table, target = cohort(50, 120, 7)
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        LassoCV(max_iter=2).fit(table, target)


def test_the_tightest_tolerance_meets_the_optimality_conditions() -> None:
    table, target = cohort(60, 90, 8)
    own = LassoCV(tol=1e-12, max_iter=1_000_000).fit(table, target)
    left = target - own.predict(table)
    pull = (table - table.mean(axis=0)).T @ left / len(target)
    used = own.coef_ != 0.0
    np.testing.assert_allclose(pull[used], own.alpha_ * np.sign(own.coef_[used]), rtol=1e-4)
    assert np.all(np.abs(pull[~used]) <= own.alpha_ * (1 + 1e-4))


def test_it_is_cloned_and_names_its_features() -> None:
    table, target = cohort(40, 6, 9)
    names = [f"feature {column}" for column in range(6)]
    own = clone(LassoCV(cv=3, eps=1e-2).set_params(alphas=20))
    own.fit(pd.DataFrame(table, columns=names), target)
    assert own.get_params()["eps"] == 1e-2
    assert list(own.feature_names_in_) == names
    assert own.n_features_in_ == 6
    assert len(own.alphas_) == 20


def test_what_it_is_given_stays_as_it_was() -> None:
    table, target = cohort(40, 30, 10)
    before = table.copy(), target.copy()
    LassoCV(copy_X=False).fit(table, target)
    np.testing.assert_array_equal(table, before[0])
    np.testing.assert_array_equal(target, before[1])


@pytest.mark.parametrize("spoilt", [np.nan, np.inf])
def test_values_that_cannot_be_fitted_are_refused(spoilt: float) -> None:
    table, target = cohort(40, 30, 11)
    table[3, 4] = spoilt
    with pytest.raises(ValueError, match="contains"):
        LassoCV().fit(table, target)


def test_a_target_that_never_varies_leaves_all_coefficients_zero() -> None:
    table, _ = cohort(40, 30, 12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = LassoCV().fit(table, np.full(40, 2.5))
    assert not np.any(own.coef_)
    assert own.intercept_ == pytest.approx(2.5)


def test_more_features_than_products_are_kept_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasso_products, "MOST_FEATURES", 10)
    table, target = cohort(60, 90, 5)
    assert_same(table, target)
    assert_same(table, target, np.random.default_rng(5).uniform(0.5, 2.0, 60))
    assert_same(table, target, fit_intercept=False)


_PLAIN = """
import numpy as np
from sklearn import linear_model
from serving.radiomics import LassoCV

random = np.random.default_rng(13)
table = random.standard_normal((30, 70))
target = table[:, :6].sum(axis=1) + random.standard_normal(30)
settings = dict(cv=3, alphas=30, eps=1e-2)
own = LassoCV(**settings).fit(table, target)
exact = linear_model.LassoCV(**settings, tol=1e-9, max_iter=200_000).fit(table, target)
np.testing.assert_allclose(own.mse_path_, exact.mse_path_, rtol=1e-5)
"""


def test_no_loop_reads_beyond_its_arrays() -> None:
    """Uncompiled, an index out of bounds is an error; compiled, it is somebody else's number."""
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _PLAIN], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
