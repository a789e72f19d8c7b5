"""Which detections hit a true box: IoU of at least 0.5, best score first, each truth once.

Everingham et al. 2010 (PASCAL VOC) with the matching of Lin et al. 2014 (COCO): a detection takes
the still free truth of its class that it overlaps most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from provisioning.quantise.ratio import ratio

LEAST_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Detections:
    """Boxes of one image: corners (k, 4) x1, y1, x2, y2, scores (k,), labels (k,)."""

    corners: NDArray[np.float64]
    scores: NDArray[np.float64]
    labels: NDArray[np.int64]


def hits(found: Detections, corners: NDArray[np.float64], labels: NDArray[np.int64]) -> list[bool]:
    """For each detection, in its own order, whether it hits; `corners` (m, 4) are the truth."""
    overlap = intersection_over_union(found.corners, corners)
    overlap[found.labels[:, None] != labels[None, :]] = 0.0
    hit = [False] * len(found.scores)
    for row in np.argsort(-found.scores, kind="stable"):
        if overlap.shape[1] == 0:
            break
        best = int(overlap[row].argmax())
        if overlap[row, best] >= LEAST_IOU:
            hit[row] = True
            overlap[:, best] = 0.0
    return hit


def intersection_over_union(
    one: NDArray[np.float64], other: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(k, m) overlap of corners (k, 4) with corners (m, 4); 0 for boxes without area."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    joint = _areas(one)[:, None] + _areas(other)[None, :] - shared
    return ratio(shared, joint, undefined=0.0)


def _areas(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    area: NDArray[np.float64] = np.clip(corners[:, 2:] - corners[:, :2], 0, None).prod(axis=1)
    return area
