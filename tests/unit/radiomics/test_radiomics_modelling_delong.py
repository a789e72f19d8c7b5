"""Area under the ROC curve against published values and against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from serving.radiomics.modelling.delong import auc, delong, placements

# Hanley & McNeil, Radiology 1982, table I: 58 normal, 51 abnormal CT images, rated 1 to 5.
NORMAL, ABNORMAL = (33, 6, 6, 11, 2), (3, 2, 2, 11, 33)


def rated() -> tuple[np.ndarray, np.ndarray]:
    ratings = np.arange(1.0, 6.0)
    scores = np.r_[np.repeat(ratings, NORMAL), np.repeat(ratings, ABNORMAL)]
    return scores, np.arange(scores.size) >= sum(NORMAL)


def test_area_and_interval_are_those_published_for_hanley_and_mcneils_ratings() -> None:
    """Stata's manual (`roctab`) gives area 0.8932, standard error 0.0307, 0.83295 to 0.95339."""
    scores, positive = rated()
    found = delong(scores, positive)
    assert found.value == pytest.approx(0.8932, abs=5e-5)
    assert (found.high - found.low) / 2 / 1.959964 == pytest.approx(0.0307, abs=5e-5)
    assert (found.low, found.high) == pytest.approx((0.83295, 0.95339), abs=5e-6)


def test_placements_are_the_pairwise_comparisons_of_their_definition() -> None:
    random = np.random.default_rng(1)
    scores, positive = random.integers(0, 6, 40).astype(float), random.random(40) < 0.4
    up, down = scores[positive], scores[~positive]
    psi = (up[:, None] > down) + 0.5 * (up[:, None] == down)
    found = placements(scores, positive)
    np.testing.assert_allclose(found[positive], psi.mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(found[~positive], psi.mean(axis=0), atol=1e-12)
    assert auc(scores, positive) == pytest.approx(psi.mean(), abs=1e-12)


def test_groups_of_one_case_change_nothing() -> None:
    scores, positive = rated()
    groups = np.arange(scores.size).astype(str)
    assert delong(scores, positive, groups) == pytest.approx(delong(scores, positive))


def test_copies_of_cases_in_one_group_make_an_interval_no_narrower() -> None:
    """Each case twice: independent copies would shrink the interval by the root of two."""
    scores, positive = rated()
    groups = np.tile(np.arange(scores.size).astype(str), 2)
    once = delong(scores, positive)
    twice = delong(np.tile(scores, 2), np.tile(positive, 2), groups)
    blind = delong(np.tile(scores, 2), np.tile(positive, 2))
    assert twice.value == pytest.approx(once.value)
    assert twice.high - twice.low == pytest.approx(once.high - once.low, rel=0.02)
    assert blind.high - blind.low < 0.75 * (once.high - once.low)


def test_repeats_are_averaged() -> None:
    scores, positive = rated()
    other = scores + np.random.default_rng(0).normal(0, 2, scores.size)
    found = delong(np.stack([scores, other]), positive)
    assert found.value == pytest.approx((auc(scores, positive) + auc(other, positive)) / 2)


def test_interval_covers_the_true_area_as_often_as_it_says() -> None:
    """Two normal distributions 1 apart: area = Phi(1 / sqrt 2) = 0.7602."""
    random = np.random.default_rng(11)
    positive = np.arange(80) < 40
    held = 0
    for _ in range(400):
        held += delong(random.normal(size=80) + positive, positive).holds(0.7602499)
    assert 0.91 <= held / 400 <= 0.98
