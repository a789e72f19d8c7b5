"""Interleaved rounds: ratios within a round, orders that rotate, bounds with their tolerance."""

from __future__ import annotations

import pytest

from loadtests.bench.ratios import median_ratio, ratio_bar, rotated, runs_within


def test_what_slows_a_whole_round_down_cancels_out() -> None:
    slow = [2.0, 20.0, 2.0, 2.0, 2.0]
    quick = [1.0, 10.0, 1.0, 1.0, 1.0]
    assert median_ratio(slow, quick) == 2.0


def test_rounds_are_compared_one_by_one() -> None:
    assert median_ratio([1.0, 4.0, 9.0], [1.0, 2.0, 3.0]) == 2.0


def test_sides_of_different_rounds_are_not_compared() -> None:
    with pytest.raises(ValueError, match="zip"):
        median_ratio([1.0, 2.0], [1.0])


def test_each_side_goes_first_in_turn() -> None:
    sides = ["a", "b", "c"]
    orders = [rotated(sides, index) for index in range(4)]
    assert [order[0] for order in orders] == ["a", "b", "c", "a"]
    assert all(sorted(order) == sides for order in orders)


@pytest.mark.parametrize(("once_s", "runs"), [(2.0, 1), (0.4, 2), (0.1, 8), (0.0001, 200)])
def test_runs_fill_the_slice_of_time_and_are_at_least_one(once_s: float, runs: int) -> None:
    assert runs_within(once_s, 0.8) == runs


@pytest.mark.parametrize(("value", "holds"), [(10.0, True), (9.5, True), (9.49, False)])
def test_a_ratio_bar_says_its_bound_and_its_tolerance(value: float, holds: bool) -> None:
    bar = ratio_bar("INT8 over eager", value, 10.0)
    assert bar.holds is holds
    assert "bound 10 x 0.95" in bar.bar


def test_a_ratio_that_was_not_measured_holds_no_bar() -> None:
    assert not ratio_bar("INT8 over eager", float("nan"), 10.0).holds
