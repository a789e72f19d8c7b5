"""Collects what a model answers, element by element, as what the task's metrics need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from provisioning.labelled_set import LabelledSet
from provisioning.quantise.classification import classification_scores
from provisioning.quantise.detection_tally import DetectionTally
from provisioning.quantise.dice import count_slice, dice_scores
from provisioning.quantise.request import Task
from provisioning.quantise.unit_scores import Scores
from serving.domain.errors import InvalidRequest

THRESHOLD = 0.5
"""A pixel is called a lesion above it."""

Outputs = Mapping[str, NDArray[Any]]
"""A model's answer by name of output, in the model's order."""


class Tally(Protocol):
    """One model on one set; elements may be any part of it."""

    def add(self, index: int, outputs: Outputs) -> None:
        """Takes the answer to element `index`. Raises InvalidRequest where it is of no use."""
        ...

    def scores(self) -> Scores:
        """The metrics over the elements added, in the order in which they were added."""
        ...


class SegmentationTally:
    """Counts pixels: the first output is a probability, of one channel or of a class each."""

    def __init__(self, labelled: LabelledSet) -> None:
        self._targets = _targets(labelled)
        self._counts: list[tuple[int, int, int]] = []

    def add(self, index: int, outputs: Outputs) -> None:
        true = self._targets[index].astype(np.bool_).squeeze()
        called = _called(next(iter(outputs.values())))
        if called.shape != true.shape:
            raise InvalidRequest(
                f"the model answers with {list(called.shape)} pixels and the masks have "
                f"{list(true.shape)}; give masks of the output's size"
            )
        self._counts.append(count_slice(called, true))

    def scores(self) -> Scores:
        return dice_scores(np.array(self._counts, np.int64).reshape(-1, 3))


class ClassificationTally:
    """Keeps the scores of the classes: the first output, (1, classes)."""

    def __init__(self, labelled: LabelledSet) -> None:
        self._targets = _targets(labelled)
        self._rows: list[NDArray[np.float64]] = []
        self._truth: list[int] = []

    def add(self, index: int, outputs: Outputs) -> None:
        self._rows.append(next(iter(outputs.values())).astype(np.float64).reshape(-1))
        self._truth.append(int(self._targets[index].reshape(())))

    def scores(self) -> Scores:
        return classification_scores(np.stack(self._rows), np.array(self._truth, np.int64))


def make_tally(task: Task, labelled: LabelledSet) -> Tally:
    """An empty tally for the task. Raises InvalidRequest where the set lacks its labels."""
    if task == "segmentation":
        return SegmentationTally(labelled)
    if task == "classification":
        return ClassificationTally(labelled)
    return DetectionTally(labelled)


def _called(probability: NDArray[Any]) -> NDArray[np.bool_]:
    """Pixels called: above the threshold of one channel, else any class but the first."""
    if probability.ndim >= 3 and probability.shape[1] > 1:
        called: NDArray[np.bool_] = (probability.argmax(axis=1) > 0).squeeze()
        return called
    return np.asarray(probability > THRESHOLD).squeeze()


def _targets(labelled: LabelledSet) -> NDArray[Any]:
    if labelled.targets is None:
        raise InvalidRequest(f"{labelled.name} has no targets; add the array `targets`")
    return labelled.targets
