"""The metrics against values worked out by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from provisioning.quantise.average_precision import rank
from provisioning.quantise.box_matching import Detections, hits, intersection_over_union
from provisioning.quantise.classification import Auc, classification_scores
from provisioning.quantise.dice import count_slice, dice_scores
from provisioning.quantise.unit_scores import everything, only

UNIT = np.array([[0.0, 0.0, 10.0, 10.0]])
FAR = np.array([[50.0, 50.0, 60.0, 60.0]])


def found(*boxes: tuple[np.ndarray, float], label: int = 1) -> Detections:
    corners = np.concatenate([corner for corner, _ in boxes]) if boxes else np.zeros((0, 4))
    scores = np.array([score for _, score in boxes])
    return Detections(corners, scores, np.full(len(boxes), label))


def truth(*boxes: np.ndarray, label: int = 1) -> tuple[np.ndarray, np.ndarray]:
    corners = np.concatenate(boxes) if boxes else np.zeros((0, 4))
    return corners, np.full(len(boxes), label)


def test_dice_is_pooled_over_all_slices_and_meaned_over_those_with_truth() -> None:
    counts = np.array([[8, 10, 10], [0, 0, 0], [1, 2, 8], [0, 5, 0]])
    pooled, sliced = dice_scores(counts)
    assert everything(pooled) == pytest.approx(2 * 9 / (17 + 18))
    assert everything(sliced) == pytest.approx((0.8 + 0.2) / 2)


def test_a_slice_is_counted_by_its_pixels() -> None:
    called = np.array([[True, True], [False, False]])
    true = np.array([[True, False], [True, False]])
    assert count_slice(called, true) == (1, 2, 2)


def test_weights_are_the_same_as_repeating_slices() -> None:
    counts = np.array([[8, 10, 10], [0, 0, 0], [1, 2, 8], [0, 5, 0]])
    drawn = [0, 0, 2, 1]
    for of_all, of_drawn in zip(dice_scores(counts), dice_scores(counts[drawn]), strict=True):
        weights = np.array([np.bincount(drawn, minlength=4)])
        assert of_all.values(weights)[0] == pytest.approx(everything(of_drawn))


def test_dice_of_nothing_is_undefined() -> None:
    for scores in dice_scores(np.zeros((3, 3), np.int64)):
        assert np.isnan(everything(scores))


def test_overlap_of_half_a_box_is_a_third() -> None:
    half = np.array([[5.0, 0.0, 15.0, 10.0]])
    assert intersection_over_union(UNIT, half)[0, 0] == pytest.approx(1 / 3)
    assert intersection_over_union(UNIT, np.zeros((1, 4)))[0, 0] == 0.0


def test_a_truth_is_hit_once_by_the_best_score_and_only_by_its_class() -> None:
    twice = found((UNIT, 0.5), (UNIT, 0.9))
    assert hits(twice, *truth(UNIT)) == [False, True]
    assert hits(found((UNIT, 0.9), label=2), *truth(UNIT)) == [False]
    assert hits(found((UNIT, 0.9)), *truth()) == [False]


def test_average_precision_by_hand() -> None:
    """Scores 0.9 hit, 0.8 miss, 0.7 hit, of 3 truths: (1 + 2/3) / 3."""
    images = [found((UNIT, 0.9), (FAR, 0.8)), found((UNIT, 0.7))]
    answers = [truth(UNIT), truth(UNIT, FAR)]
    assert everything(rank(images, answers)) == pytest.approx((1 + 2 / 3) / 3)


def test_average_precision_interpolates_with_the_best_precision_beyond() -> None:
    """Miss, hit, hit: precision 1/2 at the first recall is lifted to 2/3."""
    images = [found((FAR, 0.9)), found((UNIT, 0.8)), found((UNIT, 0.7))]
    answers = [truth(), truth(UNIT), truth(UNIT)]
    assert everything(rank(images, answers)) == pytest.approx(2 / 3)


def test_average_precision_is_the_mean_over_classes_that_have_truth() -> None:
    images = [found((UNIT, 0.9), label=1), found((UNIT, 0.9), label=3)]
    answers = [truth(UNIT, label=1), truth(UNIT, label=2)]
    assert everything(rank(images, answers)) == pytest.approx(0.5)


def test_average_precision_weighs_images_as_if_they_were_repeated() -> None:
    rng = np.random.default_rng(3)
    images, answers = [], []
    for _ in range(12):
        boxes = [(UNIT + 20 * k, float(rng.random())) for k in range(3)]
        images.append(found(*boxes))
        answers.append(truth(*[UNIT + 20 * k for k in rng.permutation(5)[:2]]))
    drawn = rng.integers(0, 12, 12)
    weights = np.bincount(drawn, minlength=12)[None]
    repeated = rank([images[k] for k in drawn], [answers[k] for k in drawn])
    assert rank(images, answers).values(weights)[0] == pytest.approx(everything(repeated))


def test_auc_agrees_with_scikit_learn_with_ties_and_weights() -> None:
    rng = np.random.default_rng(5)
    positive = rng.random(200) < 0.4
    scores = np.round(rng.normal(size=200) + positive, 1)
    weights = rng.integers(0, 4, (3, 200))
    found_auc = Auc(scores, positive).values(weights)
    for row, value in zip(weights, found_auc, strict=True):
        assert value == pytest.approx(roc_auc_score(positive, scores, sample_weight=row))


def test_two_classes_are_judged_by_auc_and_more_by_accuracy() -> None:
    truths = np.array([0, 1, 2, 1])
    more = classification_scores(np.eye(3)[[0, 1, 2, 2]], truths)
    assert [(s.metric, everything(s)) for s in more] == [("accuracy", 0.75)]
    assert only(more[0], np.array([3])) == 0.0
    two = classification_scores(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1]))
    assert [(s.metric, everything(s)) for s in two] == [("auc", 1.0)]
