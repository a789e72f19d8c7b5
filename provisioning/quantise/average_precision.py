"""Average precision at IoU 0.5 with all-point interpolation, the mean over classes.

Everingham et al. 2010 as from VOC 2010 on: the area under the precision-recall curve whose
precision at a recall is the best at that recall or beyond. Which detection hits does not depend
on what other images were drawn, so a resample only weighs the images anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from provisioning.quantise.box_matching import Detections, hits
from provisioning.quantise.ratio import ratio
from provisioning.quantise.unit_scores import Weights

DRAWS = 1_000
"""Every draw ranks all detections anew; a thousand put the 95th percentile within a few draws."""
_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class RankedClass:
    """One class: `images` and `hit` of its detections, best score first; `truths` by image."""

    images: NDArray[np.int64]
    hit: NDArray[np.bool_]
    truths: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """The mean over the classes that have truth in the images drawn."""

    classes: tuple[RankedClass, ...]
    units: int
    metric: str = "average_precision"
    unit: str = "image"
    most_draws: int = DRAWS

    def values(self, weights: Weights) -> NDArray[np.float64]:
        widest = max((len(c.images) for c in self.classes), default=0)
        step = max(1, _CELLS // max(widest, 1))
        parts = [self._values(weights[at : at + step]) for at in range(0, len(weights), step)]
        return np.concatenate(parts)

    def _values(self, weights: Weights) -> NDArray[np.float64]:
        total, classes = np.zeros(len(weights)), np.zeros(len(weights))
        for ranked in self.classes:
            truths = (weights @ ranked.truths).astype(np.float64)
            total += _area(ranked, weights, truths)
            classes += truths > 0
        return ratio(total, classes)


def rank(
    found: Sequence[Detections], truth: Sequence[tuple[NDArray[np.float64], NDArray[np.int64]]]
) -> AveragePrecision:
    """From the detections and the truth (corners (m, 4), labels (m,)) of each image."""
    images = np.repeat(np.arange(len(found)), [len(f.scores) for f in found])
    hit = np.array([h for f, (c, k) in zip(found, truth, strict=True) for h in hits(f, c, k)], bool)
    scores = np.concatenate([f.scores for f in found]) if found else np.zeros(0)
    labels = np.concatenate([f.labels for f in found]) if found else np.zeros(0, np.int64)
    order = np.argsort(-scores, kind="stable")
    known = sorted({int(label) for _, each in truth for label in each})
    ranked = []
    for label in known:
        own = order[labels[order] == label]
        truths = np.array([int((each == label).sum()) for _, each in truth], np.int64)
        ranked.append(RankedClass(images[own], hit[own], truths))
    return AveragePrecision(tuple(ranked), len(found))


def _area(
    ranked: RankedClass, weights: Weights, truths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Area under the interpolated curve of each draw; 0 where the class has no truth."""
    if len(ranked.images) == 0:
        return np.zeros(len(weights))
    drawn = weights[:, ranked.images].astype(np.float64)
    found = np.cumsum(drawn * ranked.hit, axis=1)
    called = np.cumsum(drawn, axis=1)
    precision = ratio(found, called, undefined=0.0)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    gained = np.diff(found, axis=1, prepend=0.0)
    area: NDArray[np.float64] = (gained * best).sum(axis=1)
    return ratio(area, truths, undefined=0.0)
