"""Differences of outputs: numbers, shapes, detections."""

from __future__ import annotations

import numpy as np
import pytest

from loadtests.bench.output_check import compare, found_share

BOXES = np.array([[[0, 0, 10, 10], [20, 20, 40, 40], [0, 0, 0, 0]]], np.float32)
SCORES = np.array([[0.9, 0.4, 0.0]], np.float32)
LABELS = np.array([[1, 1, 0]], np.int64)


def test_equal_outputs_do_not_differ() -> None:
    x = np.linspace(-3, 3, 12, dtype=np.float32)
    found = compare([x], [x.copy()])
    assert (found.largest, found.share) == (0.0, 0.0)


def test_large_numbers_are_compared_relatively_and_small_ones_absolutely() -> None:
    reference = np.array([100.0, 0.01])
    assert compare([np.array([101.0, 0.01])], [reference]).largest == pytest.approx(0.01)
    assert compare([np.array([100.0, 0.02])], [reference]).largest == pytest.approx(0.01)


@pytest.mark.parametrize("wrong", [np.zeros(3), np.array([0.0, np.nan])])
def test_another_shape_or_no_number_is_infinitely_wrong(wrong: np.ndarray) -> None:
    assert compare([wrong], [np.zeros(2)]).largest == float("inf")


def test_the_worst_output_counts() -> None:
    a, b = np.ones(4), np.full(4, 2.0)
    assert compare([a, b], [a, np.ones(4)]).share == pytest.approx(1.0)


def test_boxes_in_another_order_are_found() -> None:
    order = [1, 0, 2]
    given = (BOXES[:, order], SCORES[:, order], LABELS[:, order])
    assert found_share(given, (BOXES, SCORES, LABELS)) == 1.0


def test_boxes_that_rounding_swapped_do_not_differ() -> None:
    order = [1, 0, 2]
    given = (BOXES[:, order], SCORES[:, order] + 1e-6, LABELS[:, order])
    assert compare(given, (BOXES, SCORES, LABELS)).largest == pytest.approx(1e-6, rel=0.1)


def test_a_box_that_one_side_alone_has_differs_by_its_score_above_the_least() -> None:
    fewer = np.array([[1, 0, 0]], np.int64)
    assert compare((BOXES, SCORES, fewer), (BOXES, SCORES, LABELS)).largest == pytest.approx(0.35)
    assert compare((BOXES, SCORES, LABELS), (BOXES, SCORES, fewer)).largest == pytest.approx(0.35)
    faint = np.array([[0.9, 0.0500003, 0.0]])
    assert compare((BOXES, faint, LABELS), (BOXES, faint, fewer)).largest < 1e-6


def test_where_all_rows_are_taken_the_last_box_may_be_another() -> None:
    boxes = np.array([[[0, 0, 10, 10], [20, 20, 40, 40], [60, 60, 80, 80]]], np.float32)
    scores = np.array([[0.9, 0.4, 0.3]])
    labels = np.array([[1, 1, 1]], np.int64)
    other = boxes.copy()
    other[0, 2] += 100
    assert compare((other, scores, labels), (boxes, scores, labels)).largest == 0.0
    other[0, 1] += 100
    assert compare((other, scores, labels), (boxes, scores, labels)).largest == pytest.approx(0.1)


def test_a_box_that_moved_away_is_not_found() -> None:
    moved = BOXES.copy()
    moved[0, 1] += 15
    assert found_share((moved, SCORES, LABELS), (BOXES, SCORES, LABELS)) == 0.5


def test_a_box_of_another_class_is_not_found() -> None:
    other = np.array([[1, 2, 0]], np.int64)
    assert found_share((BOXES, SCORES, other), (BOXES, SCORES, LABELS)) == 0.5


def test_no_boxes_at_all_find_nothing() -> None:
    none = np.zeros_like(LABELS)
    assert found_share((BOXES, SCORES, none), (BOXES, SCORES, LABELS)) == 0.0
    assert found_share((BOXES, SCORES, LABELS), (BOXES, SCORES, none)) == 1.0
