"""Which answers are kept, how exactly, and with which tolerances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from provisioning.self_test.expectation import Expectation, rounded
from serving.engine.self_test import answer_distance

MASK = np.array([0.0, 0.0, 1.0, 1.0], np.float32)
BOXES = np.array([1.0, 9.0, 4.0], np.float32)


def compared(answers: dict[str, Any], **others: dict[str, Any]) -> Expectation:
    expectation = Expectation(answers)
    for variant, found in {"fp32": answers, **others}.items():
        expectation.compare(variant, found, is_native=True)
    return expectation


def test_the_tolerance_is_four_times_what_was_measured_and_never_less_than_two_percent() -> None:
    near = {"mask": MASK * np.float32(0.999)}
    far = {"mask": MASK * np.float32(0.96)}
    found = compared({"mask": MASK}, bf16=near, int8=far)
    assert set(found.kept()) == {"mask"}
    tolerances = found.tolerances()
    assert (tolerances["fp32"], tolerances["bf16"]) == (0.02, 0.02)
    assert tolerances["int8"] == pytest.approx(4 * 0.04, abs=2e-4)


def test_an_output_in_another_order_is_left_out_and_the_rest_judged_without_it() -> None:
    other = {"mask": MASK, "boxes": BOXES[::-1]}
    found = compared({"mask": MASK, "boxes": BOXES}, bf16=other)
    assert set(found.kept()) == {"mask"}
    assert found.tolerances() == {"fp32": 0.02, "bf16": 0.02}


@pytest.mark.parametrize(
    "other", [BOXES[:2], BOXES * np.float32(np.nan), BOXES * np.float32(np.inf), BOXES * 2]
)
def test_what_one_variant_answers_otherwise_is_not_kept(other: Any) -> None:
    assert compared({"boxes": BOXES}, int8={"boxes": other}).kept() == {}


def test_zeros_and_answers_that_are_no_numbers_say_nothing() -> None:
    for nothing in (np.zeros(9, np.float32), np.array([1, np.nan]), np.zeros((0, 4))):
        assert compared({"mask": nothing}).kept() == {}


def test_a_precision_that_was_not_measured_may_be_as_far_as_any() -> None:
    expectation = Expectation({"mask": MASK})
    expectation.compare("fp32", {"mask": MASK}, is_native=True)
    expectation.compare("bf16", {"mask": MASK}, is_native=False)
    assert expectation.tolerances() == {"fp32": 0.02, "bf16": 0.25}


@given(
    arrays.arrays(
        st.sampled_from([np.float32, np.float64]),
        arrays.array_shapes(max_dims=3, max_side=6),
        elements=st.floats(-1e6, 1e6, width=32, allow_subnormal=False),
    )
)
def test_rounding_stays_far_below_every_tolerance(answer: Any) -> None:
    kept = rounded(answer)
    assert (kept.dtype, kept.shape) == (answer.dtype, answer.shape)
    assert answer_distance(kept, answer) <= 0.001
    assert answer_distance(answer, kept) <= 0.0011


def test_integers_are_kept_as_they_are() -> None:
    labels = np.array([3, 1, 4, 1, 5])
    assert rounded(labels) is labels
