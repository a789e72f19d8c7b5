"""Collects boxes: outputs named boxes, scores and, where there are classes, labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from provisioning.labelled_set import Boxes, LabelledSet
from provisioning.quantise.average_precision import rank
from provisioning.quantise.box_matching import Detections
from provisioning.quantise.unit_scores import Scores
from serving.domain.errors import InvalidRequest


class DetectionTally:
    """Detections of each image beside its true boxes.

    A score of zero or less and a label below zero are padding, as detectors of a fixed number
    of outputs write it.
    """

    def __init__(self, labelled: LabelledSet) -> None:
        if labelled.boxes is None:
            raise InvalidRequest(
                f"{labelled.name} has no boxes; add box_corners, box_labels and box_elements"
            )
        self._boxes: Boxes = labelled.boxes
        self._found: list[Detections] = []
        self._truth: list[tuple[NDArray[np.float64], NDArray[np.int64]]] = []

    def add(self, index: int, outputs: Mapping[str, NDArray[Any]]) -> None:
        own = self._boxes.elements == index
        corners = self._boxes.corners[own].astype(np.float64)
        self._truth.append((corners, self._boxes.labels[own].astype(np.int64)))
        self._found.append(_detections(outputs))

    def scores(self) -> Scores:
        return (rank(self._found, self._truth),)


def _detections(outputs: Mapping[str, NDArray[Any]]) -> Detections:
    try:
        corners = outputs["boxes"].astype(np.float64).reshape(-1, 4)
        scores = outputs["scores"].astype(np.float64).reshape(-1)
    except (KeyError, ValueError):
        raise InvalidRequest(
            "a detector answers with outputs named boxes (k, 4), scores (k) and labels (k); "
            f"this one has {', '.join(outputs)}"
        ) from None
    labels = outputs.get("labels", np.zeros(len(scores))).astype(np.int64).reshape(-1)
    if not len(corners) == len(scores) == len(labels):
        raise InvalidRequest("the detector's boxes, scores and labels differ in number")
    real = (scores > 0) & (labels >= 0)
    return Detections(corners[real], scores[real], labels[real])
