"""How far a contender's outputs are from torch eager's: nobody is fast by being wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAME_BOX = 0.5
"""Intersection over union from which two boxes are the same object (PASCAL VOC's)."""
BOXES_SCORES_LABELS = 3
LEAST_SCORE = 0.05
"""From which the zoo's detectors answer with a box (provisioning.zoo.detector.Selection)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`largest`: of |a - b| / max(1, |b|) over every element. `share`: how much is different.

    A detector lists its answers by score, so rounding may swap two that are as good as equal:
    `largest` compares each box with the one that found it. A box that one side alone has differs
    by its score less the least that is answered, as the other side may have it just below.
    """

    largest: float
    share: float
    """|a - b| / |b| as Euclidean norms; for detections the share of boxes that were not found."""


def compare(given: Sequence[NDArray[Any]], reference: Sequence[NDArray[Any]]) -> Difference:
    """The difference of all outputs; infinite where shapes differ or a number is none."""
    same = [a.shape == b.shape for a, b in zip(given, reference, strict=True)]
    if not all(same) or not all(np.isfinite(a).all() for a in given):
        return Difference(float("inf"), float("inf"))
    if len(reference) == BOXES_SCORES_LABELS:
        return _compare_boxes(given, reference)
    largest = max(_largest(a, b) for a, b in zip(given, reference, strict=True))
    return Difference(largest, max(map(_relative, given, reference)))


def _largest(given: NDArray[Any], reference: NDArray[Any]) -> float:
    if not reference.size:
        return 0.0
    b = reference.astype(np.float64)
    return float((np.abs(given.astype(np.float64) - b) / np.maximum(1.0, np.abs(b))).max())


def _relative(given: NDArray[Any], reference: NDArray[Any]) -> float:
    b = reference.astype(np.float64)
    return float(np.linalg.norm(given.astype(np.float64) - b) / np.linalg.norm(b))


def found_share(given: Sequence[NDArray[Any]], reference: Sequence[NDArray[Any]]) -> float:
    """Share of the reference's boxes that `given` has too, same label, overlapping by half.

    Both are (boxes (..., n, 4) as x1, y1, x2, y2, scores (..., n), labels (..., n)); a label of 0
    marks an empty row. 1 where the reference has none.
    """
    return 1.0 - _compare_boxes(given, reference).share


def _compare_boxes(given: Sequence[NDArray[Any]], reference: Sequence[NDArray[Any]]) -> Difference:
    ours, theirs = _boxes(given), _boxes(reference)
    finders = _finders(ours, theirs)
    found = finders >= 0
    alone = np.concatenate([theirs[~found], np.delete(ours, finders[found], axis=0)])
    edge = max(_least_score(one) for one in (given, reference))
    missed = float(np.clip(alone[:, 5] - edge, 0.0, None).max(initial=0.0))
    largest = max(missed, _largest(ours[finders[found]], theirs[found]))
    return Difference(largest, float(1.0 - found.mean()) if len(theirs) else 0.0)


def _least_score(outputs: Sequence[NDArray[Any]]) -> float:
    """Below which a box is not answered: that of the last where all rows are taken."""
    _, scores, labels = outputs
    full = labels.size > 0 and bool(np.all(labels))
    return max(LEAST_SCORE, float(scores.min())) if full else LEAST_SCORE


def _finders(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.intp]:
    """For each of `theirs` the row of `ours` that overlaps it most; -1 where none is the same."""
    if not len(ours):
        return np.full(len(theirs), -1)
    overlap = _overlaps(theirs[:, :4], ours[:, :4])
    overlap[theirs[:, 4:5] != ours[:, 4]] = 0.0
    found: NDArray[np.intp] = np.where(overlap.max(axis=1) >= SAME_BOX, overlap.argmax(axis=1), -1)
    return found


def _boxes(outputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    """A row for each box: its corners, label and score."""
    boxes, scores, labels = (np.asarray(output, np.float64) for output in outputs)
    rows = np.column_stack([boxes.reshape(-1, 4), labels.reshape(-1), scores.reshape(-1)])
    return rows[rows[:, 4] != 0]


def _overlaps(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of each of `a` with each of `b`."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.prod(np.clip(high - low, 0.0, None), axis=2)
    areas_a, areas_b = (np.prod(one[:, 2:] - one[:, :2], axis=1) for one in (a, b))
    union = areas_a[:, None] + areas_b[None, :] - both
    return np.where(union > 0, both / np.maximum(union, 1e-12), 0.0)
