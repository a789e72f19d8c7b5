"""What the networks say of each voxel, one axial plane at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from serving.pipelines.analysis import LEFT_LUNG, RIGHT_LUNG
from serving.pipelines.coarse_grid import Bool
from serving.pipelines.planar import dilate
from serving.pipelines.slice_run import Answer
from serving.pipelines.window import Window

BEYOND_LUNG_MM = 6.0
"""A dense lesion at the chest wall can hide this much of the lung from thresholds."""
MOST_NETWORKS = 7
TOGETHER = np.uint8(1 << MOST_NETWORKS)
"""The bit of a vote that the average of all networks casts; bit n is network n's own."""

Votes = NDArray[np.uint8]


class PlaneVotes:
    """Gathers votes on canonical planes; voxels outside the lungs and their rim have none.

    `labels` (slices, rows, columns) are lungs, `targets` the window of each plane that holds its
    lungs and their rim.
    """

    def __init__(
        self,
        labels: NDArray[np.uint8],
        targets: Mapping[int, Window],
        spacing_mm: tuple[float, float, float],
        threshold: float,
    ) -> None:
        self._labels = labels
        self._targets = targets
        self._spacing_mm = spacing_mm
        self._threshold = threshold
        self.votes: Votes = np.zeros(labels.shape, dtype=np.uint8)
        self.lungs = labels.copy()
        """The labels, and lesion at their border added to the lung that it touches."""

    def settle(self, plane: int, answers: Sequence[Answer]) -> None:
        """Takes the answers of all networks on one plane."""
        target = self._targets[plane]
        votes = self._cast(answers, target)
        if not votes.any():
            return
        labels = self._labels[plane][target.inside]
        within = self._reach(labels) if (votes[labels == 0] > 0).any() else labels
        votes[within == 0] = 0
        self.votes[plane][target.inside] = votes
        self.lungs[plane][target.inside] = np.where(votes & TOGETHER, within, labels)

    def _cast(self, answers: Sequence[Answer], target: Window) -> Votes:
        votes: Votes = np.zeros(target.shape, dtype=np.uint8)
        total = np.zeros(target.shape, dtype=np.float32)
        for answer in answers:
            found = answer.resampler.to_frame(answer.probabilities, answer.window, target)
            votes |= (found > self._threshold).view(np.uint8) << np.uint8(answer.network)
            total += found
        together: Bool = total > np.float32(self._threshold * len(answers))
        return votes | (together.view(np.uint8) << np.uint8(MOST_NETWORKS))

    def _reach(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Lung labels of a plane grown by `BEYOND_LUNG_MM`."""
        reach = labels.copy()
        for side in (RIGHT_LUNG, LEFT_LUNG):
            grown = dilate((labels == side)[None], BEYOND_LUNG_MM, self._spacing_mm)[0]
            reach[grown & (reach == 0)] = side
        return reach
