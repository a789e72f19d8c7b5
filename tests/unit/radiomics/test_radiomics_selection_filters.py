"""Filters keep what they should, by what fit saw alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.feature_selection import f_classif

from serving.domain.errors import InvalidRequest
from serving.radiomics.selection.correlation_filter import CorrelationFilter
from serving.radiomics.selection.icc_filter import IccFilter, intraclass_correlation
from serving.radiomics.selection.mrmr import Mrmr
from serving.radiomics.selection.variance_filter import VarianceFilter

SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
)
"""Six subjects by four judges: Shrout and Fleiss 1979, table 2."""


def test_icc_is_that_of_the_paper() -> None:
    assert intraclass_correlation(SHROUT_FLEISS, "ICC(2,1)")[0] == pytest.approx(0.29, abs=0.005)
    assert intraclass_correlation(SHROUT_FLEISS, "ICC(3,1)")[0] == pytest.approx(0.71, abs=0.005)


def test_icc_filter_keeps_what_repeats() -> None:
    random = np.random.default_rng(0)
    true = random.standard_normal((20, 1, 3))
    noise = np.array([0.05, 0.3, 3.0])
    repeats = true + noise * random.standard_normal((20, 2, 3))
    kept = IccFilter(0.75).fit(repeats[:, 0], repeats=repeats).get_support()
    np.testing.assert_array_equal(kept, [True, True, False])
    assert IccFilter().fit(repeats[:, 0]).get_support().all()


def test_icc_needs_two_raters() -> None:
    with pytest.raises(InvalidRequest, match="two raters"):
        intraclass_correlation(np.ones((5, 1, 2)))


def test_variance_filter_drops_constants_even_when_rounding_moves_them() -> None:
    table = np.column_stack([np.full(10, 0.1), np.arange(10.0), np.tile([0.0, 0.2], 5)])
    np.testing.assert_array_equal(VarianceFilter().fit(table).get_support(), [False, True, True])
    np.testing.assert_array_equal(
        VarianceFilter(0.02).fit(table).get_support(), [False, True, False]
    )
    with pytest.raises(InvalidRequest, match="found none"):
        VarianceFilter().fit(table[:, :1])


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_no_two_kept_features_correlate_beyond_the_threshold(method: str) -> None:
    random = np.random.default_rng(1)
    table = np.exp(random.standard_normal((50, 4)) @ random.standard_normal((4, 30)))
    kept = CorrelationFilter(0.6, method).fit(table).get_support()
    full = spearmanr(table).statistic if method == "spearman" else np.corrcoef(table.T)
    size = np.abs(full)
    within = size[np.ix_(kept, kept)] - np.eye(kept.sum())
    assert within.max() <= 0.6
    for dropped in np.flatnonzero(~kept):
        assert size[dropped, :dropped][kept[:dropped]].max() > 0.6


def test_correlation_filter_keeps_the_earlier_one() -> None:
    table = np.column_stack([np.arange(8.0), np.arange(8.0) ** 3, np.tile([0.0, 1.0], 4)])
    np.testing.assert_array_equal(
        CorrelationFilter(0.99).fit(table).get_support(), [True, False, True]
    )
    assert CorrelationFilter(0.99, "pearson").fit(table).get_support().all()
    with pytest.raises(InvalidRequest, match="0 to 1"):
        CorrelationFilter(1.5).fit(table)


def test_mrmr_prefers_a_new_feature_over_a_copy() -> None:
    random = np.random.default_rng(2)
    label = np.repeat([0, 1], 200)
    strong = label + 1.0 * random.standard_normal(400)
    copy = strong + 0.05 * random.standard_normal(400)
    other = label + 1.1 * random.standard_normal(400)
    noise = random.standard_normal(400)
    chooser = Mrmr(2, "FCQ").fit(np.column_stack([strong, copy, noise, other]), label)
    assert set(chooser.ranking_) in ({0, 3}, {1, 3})


@pytest.mark.parametrize("scheme", ["FCQ", "FCD"])
def test_mrmr_scores_as_written_down(scheme: str) -> None:
    random = np.random.default_rng(3)
    label = np.repeat([0, 1, 2], 20)
    table = random.standard_normal((60, 8)) + label[:, None] * np.linspace(0, 1, 8)
    relevance = f_classif(table, label)[0]
    size = np.abs(np.corrcoef(table.T))
    chosen = [int(relevance.argmax())]
    while len(chosen) < 4:
        redundancy = size[:, chosen].mean(axis=1)
        score = relevance / redundancy if scheme == "FCQ" else relevance - redundancy
        chosen.append(max(set(range(8)) - set(chosen), key=lambda column: score[column]))
    np.testing.assert_array_equal(Mrmr(4, scheme).fit(table, label).ranking_, chosen)
