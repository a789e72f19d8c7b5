"""ComBat takes centres out, keeps biology, and learns from training rows alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone

from serving.domain.errors import InvalidRequest
from serving.radiomics.selection.combat import Combat

FEATURES = 12


def cohort(seed: int = 0, each: int = 40) -> tuple[NDArray, NDArray, NDArray]:
    """A table of features, centre and covariate; the values without the centres; the centres."""
    random = np.random.default_rng(seed)
    centre = np.repeat([1.0, 2.0, 5.0], each)
    covariate = random.standard_normal(3 * each)
    true = random.standard_normal((3 * each, FEATURES)) + covariate[:, None]
    shift = np.repeat(random.normal(2.0, 1.0, (3, FEATURES)) * [[0], [1], [-1]], each, axis=0)
    scale = np.repeat([[1.0], [2.0], [0.5]], each, axis=0)
    return np.column_stack([true * scale + shift, centre, covariate]), true, centre


def test_centres_have_the_same_mean_and_spread_afterwards() -> None:
    table, _, centre = cohort()
    table = table[:, :-1]
    adjusted = Combat().fit_transform(table)
    before, after = (
        [(rows[centre == one].mean(axis=0), rows[centre == one].std(axis=0)) for one in (1, 2, 5)]
        for rows in (table[:, :-1], adjusted)
    )
    # Shrunk towards what the features share, so not to nothing.
    for moment in (0, 1):
        apart = np.mean(np.ptp([one[moment] for one in after], axis=0))
        assert apart < 0.15 * np.mean(np.ptp([one[moment] for one in before], axis=0))


def test_a_covariate_keeps_its_effect() -> None:
    table, _, _ = cohort()
    adjusted = Combat(covariates=1).fit_transform(table)
    slopes = np.polyfit(table[:, -1], adjusted, 1)[0]
    assert np.all(slopes > 0.5)


def test_the_estimates_solve_the_papers_equations() -> None:
    table, _, centre = cohort(3)
    fitted = Combat().fit(table[:, :-1])
    for index, one in enumerate(fitted.centres_):
        rows = (table[centre == one, :FEATURES] - fitted.mean_) / fitted.scale_
        size, found = len(rows), rows.mean(axis=0)
        spread = rows.var(axis=0, ddof=1)
        tau = found.var(ddof=1)
        shape = 2 + spread.mean() ** 2 / spread.var(ddof=1)
        rate = spread.mean() * (shape - 1)
        shift, squared = fitted.shift_[index], fitted.spread_[index] ** 2
        np.testing.assert_allclose(
            shift, (size * tau * found + squared * found.mean()) / (size * tau + squared), rtol=1e-6
        )
        left = np.sum((rows - shift) ** 2, axis=0)
        np.testing.assert_allclose(squared, (rate + left / 2) / (size / 2 + shape - 1), rtol=1e-6)


def test_a_row_is_adjusted_the_same_whatever_stands_beside_it() -> None:
    table = cohort()[0][:, :-1]
    fitted = Combat().fit(table[::2])
    together = fitted.transform(table[1::2])
    alone = np.vstack([fitted.transform(row[None]) for row in table[1::2]])
    np.testing.assert_array_equal(together, alone)


def test_an_unseen_centre_is_refused_or_passed_with_a_notice() -> None:
    table = cohort()[0][:, :-1]
    strange = table[:2].copy()
    strange[:, -1] = 3.0
    with pytest.raises(InvalidRequest, match="training rows hold"):
        Combat().fit(table).transform(strange)
    with pytest.warns(UserWarning, match="2 rows"):
        passed = clone(Combat(unseen="pass")).fit(table).transform(strange)
    np.testing.assert_allclose(passed, strange[:, :-1])


def test_a_centre_of_one_row_is_refused() -> None:
    table = cohort()[0][:, :-1]
    table[0, -1] = 9.0
    with pytest.raises(InvalidRequest, match="two training rows"):
        Combat().fit(table)
