"""The bootstrap's bound and the gate's verdicts on drops that are known."""

from __future__ import annotations

import numpy as np
import pytest

from provisioning.quantise.bootstrap import paired_drop
from provisioning.quantise.classification import Accuracy
from provisioning.quantise.dice import PooledDice, dice_scores
from provisioning.quantise.gate import all_hold, in_words, judge
from serving.domain.errors import InvalidRequest

SLICES = 250


def counts(seed: int = 1) -> np.ndarray:
    """A model of Dice 0.9 on lesions of some thousand pixels."""
    true = np.random.default_rng(seed).integers(500, 4000, SLICES)
    return np.stack([(0.9 * true).astype(int), true, true], axis=1)


def missing(share: float) -> np.ndarray:
    """The same model with a share of its hits lost in every slice."""
    lost = counts().copy()
    lost[:, 0] = np.round(lost[:, 0] * (1 - share))
    return lost


def test_a_model_against_itself_loses_nothing() -> None:
    gates = judge(dice_scores(counts()), dice_scores(counts()), 1, 0.17)
    assert [gate.metric for gate in gates] == ["dice_pooled", "dice_per_case"]
    assert all(gate.drop_points == gate.upper_points == 0 for gate in gates)
    assert all_hold(gates)
    assert (gates[0].units, gates[0].unit, gates[0].cases) == (SLICES, "slice", 1)


def test_a_drop_under_the_limit_holds_and_one_over_it_does_not() -> None:
    before = dice_scores(counts())
    small = judge(before, dice_scores(missing(0.001)), 1, 0.17)
    large = judge(before, dice_scores(missing(0.004)), 1, 0.17)
    assert small[0].drop_points == pytest.approx(0.09, abs=0.02)
    assert all_hold(small)
    assert large[0].drop_points == pytest.approx(0.36, abs=0.02)
    assert not any(gate.holds for gate in large)
    assert "limit 0.17" in in_words(large)


def test_a_small_drop_that_luck_may_explain_does_not_hold() -> None:
    """A mean drop under the limit from slices that differ much: the bound tells."""
    shaken = counts().copy()
    shaken[::2, 0] = np.round(shaken[::2, 0] * 1.05)
    shaken[1::2, 0] = np.round(shaken[1::2, 0] * 0.95)
    gate = judge(dice_scores(counts()), dice_scores(shaken), 1, 0.17)[1]
    assert gate.drop_points < 0.17 < gate.upper_points
    assert not gate.holds


def test_no_verdict_is_no_permission() -> None:
    assert not all_hold(())


def test_the_bound_covers_the_true_drop_about_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(11)
    true_drop, covered, trials = 0.05, 0, 300
    for _ in range(trials):
        before = rng.random(150) < 0.9
        spoilt = before & (rng.random(150) < true_drop / 0.9)
        drop = paired_drop(Accuracy(before), Accuracy(before & ~spoilt), draws=600)
        covered += drop.upper >= true_drop
    assert 0.89 <= covered / trials <= 0.99


def test_the_bootstrap_is_paired_and_seeded() -> None:
    before, after = PooledDice(counts()), PooledDice(missing(0.002))
    drop = paired_drop(before, after)
    assert drop == paired_drop(before, after)
    assert drop.drop < drop.upper < drop.drop + 0.0005  # unpaired it would spread ten times wider


def test_data_that_defines_no_metric_is_refused() -> None:
    nothing = dice_scores(np.zeros((5, 3), np.int64))
    with pytest.raises(InvalidRequest, match="dice_pooled cannot be computed"):
        judge(nothing, nothing, 1, 0.17)


def test_models_judged_on_different_data_are_not_compared() -> None:
    with pytest.raises(InvalidRequest, match="same data"):
        paired_drop(PooledDice(counts()), PooledDice(counts()[:5]))
