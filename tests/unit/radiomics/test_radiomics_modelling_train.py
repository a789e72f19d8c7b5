"""Training: finds what is there, finds nothing where nothing is, and never looks at test cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from serving.domain.errors import InvalidRequest
from serving.radiomics.modelling.evaluation import Evaluation
from serving.radiomics.modelling.feature_table import FeatureTable
from serving.radiomics.modelling.folds import split
from serving.radiomics.modelling.harmonising import fit_harmonise
from serving.radiomics.modelling.outcome import Binary
from serving.radiomics.modelling.permutation import permuted_rows
from serving.radiomics.modelling.settings import TrainingSettings
from serving.radiomics.modelling.train import train
from serving.radiomics.selection.combat import Combat
from tests.unit.radiomics.modelling_tables import (
    breast_cancer,
    planted,
    quick,
    quick_survival,
    silent,
    steps,
    survival,
)


@pytest.mark.parametrize("models", [("lasso_logistic",), ("svm", "random_forest")])
def test_breast_cancer_is_told_apart(models: tuple[str, ...]) -> None:
    found = train(breast_cancer(), quick(models=models), silent).evaluation
    assert found.binary is not None
    assert found.binary.auc_delong.value > 0.98
    assert found.binary.auc_bootstrap.value == pytest.approx(found.binary.auc_delong.value)
    assert found.binary.sensitivity.value > 0.88
    assert found.binary.specificity.value > 0.88
    assert found.binary.brier.value < 0.06
    assert Evaluation.from_json(found.to_json()) == found


@pytest.mark.parametrize("seed", range(6))
def test_shuffled_labels_give_an_interval_that_holds_one_half(seed: int) -> None:
    """Selection, scaling and the threshold inside the folds: else the area would be above."""
    table = breast_cancer(240)
    assert isinstance(table.outcome, Binary)
    order = np.random.default_rng(seed).permutation(240)
    shuffled = table.with_outcome(table.outcome.take(order))
    settings = quick(preprocessing=steps(selection="mrmr", features=5), seed=seed)
    found = train(shuffled, settings, silent).evaluation.binary
    assert found is not None
    assert found.auc_delong.holds(0.5)
    assert found.auc_bootstrap.holds(0.5)


def test_selection_among_much_noise_does_not_leak() -> None:
    """Chosen on all cases, the best of 1,000 noise features would give an area near 0.9."""
    table = planted(80, 1000)
    assert isinstance(table.outcome, Binary)
    noise = replace(table, values=np.random.default_rng(3).normal(size=(80, 1000)))
    settings = quick(preprocessing=steps(selection="mrmr", features=10))
    found = train(noise, settings, silent).evaluation.binary
    assert found is not None
    assert found.auc_delong.holds(0.5)


def test_planted_features_are_found() -> None:
    found = train(planted(), quick(), silent)
    names = {"planted_0", "planted_1", "planted_2"}
    assert names <= set(found.model.features)
    assert {each.name for each in found.final.coefficients[:3]} == names
    shares = {each.feature: each.share for each in found.evaluation.stability.frequencies}
    assert all(shares[name] == 1.0 for name in names)
    assert found.evaluation.binary is not None
    assert found.evaluation.binary.auc_delong.low > 0.65


def test_mrmr_finds_them_too() -> None:
    settings = quick(preprocessing=steps(selection="mrmr", features=3))
    found = train(planted(), settings, silent)
    assert set(found.model.features) == {"planted_0", "planted_1", "planted_2"}


def test_what_is_fitted_does_not_depend_on_test_cases() -> None:
    """Test rows turned into nonsense change no threshold, no model and no selection."""
    table = planted(90, 30)
    outcome = table.outcome
    assert outcome is not None
    settings = quick()
    seed = int(np.random.SeedSequence(settings.seed).generate_state(1)[0])
    test = split(table, outcome, 3, seed)[0].test
    values = table.values.copy()
    values[test] = 1e6 * np.random.default_rng(1).normal(size=values[test].shape)
    first = train(table, settings, silent).evaluation.folds[0]
    other = train(replace(table, values=values), settings, silent).evaluation.folds[0]
    assert (first.threshold, first.features, first.model) == (
        other.threshold,
        other.features,
        other.model,
    )


def test_the_same_seed_gives_the_same_and_threads_change_nothing() -> None:
    table = planted(80, 20)
    settings = quick(repeats=2, permutations=2, outer_folds=2)
    one = train(table, settings, silent)
    two = train(table, settings.model_copy(update={"max_threads": 2}), silent)
    assert replace(one.evaluation, seconds=0) == replace(two.evaluation, seconds=0)
    assert np.array_equal(one.out_of_fold.scores, two.out_of_fold.scores)
    assert settings.digest == two.model.facts.settings.digest


def grouped(cases: int = 90) -> FeatureTable:
    table = planted(cases, 20)
    groups = np.array([f"patient {row // 3}" for row in range(cases)])
    return replace(table, groups=groups)


def test_groups_are_never_split() -> None:
    table = grouped()
    assert table.outcome is not None
    assert table.groups is not None
    for seed in range(5):
        for fold in split(table, table.outcome, 4, seed):
            assert not set(table.groups[fold.training]) & set(table.groups[fold.test])
    found = train(table, quick(), silent)
    assert found.evaluation.groups == 30
    for result in found.out_of_fold.folds:
        inside = set(table.groups[result.test])
        rest = np.setdiff1d(np.arange(table.cases), result.test)
        assert not inside & set(table.groups[rest])


def test_permutations_deal_groups_whole() -> None:
    table = grouped()
    assert isinstance(table.outcome, Binary)
    assert table.groups is not None
    constant = Binary(np.repeat(np.arange(30) < 12, 3))
    rows = permuted_rows(table.groups, constant, np.random.default_rng(0))
    dealt = constant.take(rows).positive.reshape(30, 3)
    assert (dealt == dealt[:, :1]).all()
    assert dealt[:, 0].sum() == 12
    inside = permuted_rows(table.groups, table.outcome, np.random.default_rng(0))
    assert (table.groups[inside] == table.groups).all()
    assert sorted(inside) == list(range(90))


def test_permutation_test_tells_signal_from_noise() -> None:
    table = planted(100, 8)
    settings = quick(permutations=19, outer_folds=2, preprocessing=steps(selection="none"))
    found = train(table, settings, silent).evaluation.permutation
    assert found is not None
    assert found.p_value == pytest.approx(0.05)
    assert abs(np.mean(found.permuted) - 0.5) < 0.1


def test_combat_brings_centres_together_and_refuses_others() -> None:
    table = planted(120, 15)
    centres = np.array(["north", "south"] * 60)
    moved = table.values + np.where(centres == "south", 3.0, 0.0)[:, None]
    split_table = replace(table, values=moved, centres=centres)
    settings = quick(preprocessing=steps(combat=True))
    numbered = np.column_stack([moved, centres == "south"])
    expected = Combat().fit_transform(numbered)
    found = fit_harmonise(moved, centres).apply(moved, centres)
    np.testing.assert_allclose(found, expected, atol=1e-10)
    gap = found[centres == "north"].mean(axis=0) - found[centres == "south"].mean(axis=0)
    assert np.abs(gap).max() < 0.3
    model = train(split_table, settings, silent).model
    with pytest.raises(InvalidRequest, match="centres"):
        model.score(moved[:2, : len(model.features)], np.array(["north", "east"]))


def test_unreliable_features_are_left_out_inside_folds() -> None:
    table = planted(90, 12)
    again = table.values + np.random.default_rng(1).normal(0, 0.05, table.values.shape)
    again[:, 6:] = np.random.default_rng(2).normal(size=again[:, 6:].shape)
    settings = quick(preprocessing=steps(least_icc=0.8, selection="none"))
    model = train(replace(table, repeats=(again,)), settings, silent).model
    assert set(model.features) == set(table.names[:6])


def test_cox_finds_planted_features() -> None:
    found = train(survival(), quick_survival(), silent)
    told = found.evaluation.survival
    assert told is not None
    assert told.concordance.low > 0.6
    assert {each.name for each in found.final.coefficients[:2]} == {"planted_0", "planted_1"}
    assert told.logrank_p < 0.01
    assert [curve.name for curve in told.curves] == ["low risk", "high risk"]
    for each in told.calibration:
        assert each.observed.low - 0.1 <= each.predicted <= each.observed.high + 0.1


def test_cox_on_shuffled_times_finds_nothing() -> None:
    table = survival()
    assert table.outcome is not None
    order = np.random.default_rng(50).permutation(table.cases)
    found = train(table.with_outcome(table.outcome.take(order)), quick_survival(), silent)
    assert found.evaluation.survival is not None
    assert found.evaluation.survival.concordance.holds(0.5)


def _refused(table: FeatureTable, settings: TrainingSettings, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        train(table, settings, silent)


def test_tables_that_cannot_carry_a_training_are_refused_in_one_sentence() -> None:
    table = planted(30, 5)
    assert isinstance(table.outcome, Binary)
    few = Binary(np.arange(30) < 2)
    _refused(table.with_outcome(few), quick(), "3 outer folds need as many cases")
    _refused(table.with_outcome(Binary(np.ones(30, dtype=bool))), quick(), "one class")
    _refused(replace(table, values=np.ones((30, 5))), quick(), "constant")
    _refused(replace(table, outcome=None), quick(), "no outcome")
    groups = np.array(["a", "b"] * 15)
    _refused(replace(table, groups=groups), quick(), "groups")
    _refused(table, quick(preprocessing=steps(combat=True)), "centre")
    _refused(table, quick(preprocessing=steps(least_icc=0.9)), "delineated more than once")
    copied = table.values.copy()
    copied[:, 2] = np.where(table.outcome.positive, 7.0, 3.0)
    _refused(replace(table, values=copied), quick(), "planted_2 says the same as the outcome")


def test_a_feature_that_separates_alone_is_told() -> None:
    table = planted(60, 5)
    assert isinstance(table.outcome, Binary)
    values = table.values.copy()
    values[:, 4] = table.outcome.positive + 0.1 * np.random.default_rng(0).random(60)
    found = train(replace(table, values=values), quick(), silent)
    assert any("noise_4 alone tells" in notice for notice in found.evaluation.notices)
