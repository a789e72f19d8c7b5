"""Calibration, net benefit, stability and thresholds against values worked out elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_curve as reference_roc

from serving.radiomics.modelling.bootstrap import Bootstrap
from serving.radiomics.modelling.calibration import calibrate, wilson
from serving.radiomics.modelling.decision_curve import decision_curve
from serving.radiomics.modelling.logit_fit import fit_line, fit_offset
from serving.radiomics.modelling.roc import GRID, sensitivities, youden_threshold
from serving.radiomics.modelling.stability import nogueira, stability


def test_wilsons_interval_is_newcombes() -> None:
    """Newcombe, Statistics in Medicine 1998, table I: 81 of 263 and 15 of 148."""
    found = wilson(81 / 263, 263, 0.95)
    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    found = wilson(15 / 148, 148, 0.95)
    assert (found.low, found.high) == pytest.approx((0.0624, 0.1605), abs=5e-5)


def test_calibration_finds_how_predictions_were_distorted() -> None:
    random = np.random.default_rng(3)
    logit = random.normal(0, 1.5, 4000)
    positive = random.random(4000) < expit(logit)
    distorted = expit(2 * logit + 1)[None, :]
    found = calibrate(distorted, positive, Bootstrap(4000, None, 100, 1), 0.95)
    assert found.slope is not None
    assert found.slope.value == pytest.approx(0.5, abs=0.05)
    assert found.intercept.value < -0.3
    assert sum(each.cases for each in found.bins) == 4000


def test_line_is_that_of_logistic_regression() -> None:
    random = np.random.default_rng(4)
    x = random.normal(size=300)
    y = random.random(300) < expit(0.7 * x - 0.4)
    other = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x[:, None], y)
    line = fit_line(x, y.astype(float))
    assert line.slope == pytest.approx(other.coef_[0, 0], abs=1e-5)
    assert line.intercept == pytest.approx(other.intercept_[0], abs=1e-5)
    p = expit(fit_offset(x, y.astype(float)) + x)
    assert p.sum() == pytest.approx(y.sum(), abs=1e-6)


def test_separated_classes_give_a_finite_slope() -> None:
    x = np.r_[-np.ones(5), np.ones(5)]
    assert np.isfinite(fit_line(x, (x > 0).astype(float)).slope)


def test_net_benefit_by_hand() -> None:
    """Threshold 0.2: 3 hits and 2 false alarms among 10: 0.3 - 0.2 * 0.25 = 0.25."""
    scores = np.array([[0.9, 0.8, 0.3, 0.1, 0.5, 0.4, 0.1, 0.1, 0.05, 0.02]])
    positive = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], dtype=bool)
    curve = decision_curve(scores, positive)
    at = int(np.argmin(np.abs(np.array(curve.thresholds) - 0.2)))
    assert curve.model[at] == pytest.approx(0.25)
    assert curve.treat_all[at] == pytest.approx(0.4 - 0.6 * 0.25)


def test_sensitivities_are_scikit_learns_curve() -> None:
    random = np.random.default_rng(8)
    scores, positive = np.round(random.normal(size=60), 1), random.random(60) < 0.5
    x, y, _ = reference_roc(positive, scores, drop_intermediate=False)
    found = sensitivities(scores, positive)
    between = ~np.isin(np.round(GRID, 9), np.round(x, 9))
    np.testing.assert_allclose(found[between], np.interp(GRID[between], x, y), atol=1e-12)
    assert found[0] == 0.0
    assert found[-1] == 1.0


def test_youdens_threshold_lies_between_classes_that_separate() -> None:
    scores = np.array([0.1, 0.2, 0.3, 0.7, 0.8])
    positive = np.array([False, False, False, True, True])
    assert youden_threshold(scores, positive) == pytest.approx(0.5)


def test_stability_is_1_for_one_choice_and_about_0_for_random_ones() -> None:
    same = np.zeros((10, 50), dtype=bool)
    same[:, :5] = True
    found = nogueira(same, 0.95)
    assert found is not None
    assert found.value == pytest.approx(1.0)
    random = np.random.default_rng(0)
    chance = nogueira(np.argsort(random.random((200, 50)), axis=1) < 5, 0.95)
    assert chance is not None
    assert abs(chance.value) < 0.02
    assert chance.holds(chance.value)


def test_stability_by_hand() -> None:
    """Fits {0, 1} and {0, 2} among 4: mean size 2, variances 0, .5, .5, 0: 1 - .25/.25."""
    found = nogueira(np.array([[1, 1, 0, 0], [1, 0, 1, 0]], dtype=bool), 0.95)
    assert found is not None
    assert found.value == pytest.approx(0.0, abs=1e-12)


def test_stability_is_not_defined_where_nothing_or_everything_is_selected() -> None:
    assert nogueira(np.zeros((3, 4), dtype=bool), 0.95) is None
    assert nogueira(np.ones((3, 4), dtype=bool), 0.95) is None


def test_frequencies_come_most_frequent_first() -> None:
    found = stability([np.array([2]), np.array([0, 2])], ("a", "b", "c"), 0.95)
    assert [(each.feature, each.share) for each in found.frequencies] == [("c", 1.0), ("a", 0.5)]
    assert found.mean_selected == 1.5


def test_bootstrap_draws_whole_groups() -> None:
    groups = np.array(["a", "a", "b", "c", "c", "c"])
    for rows in Bootstrap(6, groups, 20, 1).rows():
        counts = np.bincount(rows, minlength=6)
        assert counts[0] == counts[1]
        assert counts[3] == counts[4] == counts[5]
