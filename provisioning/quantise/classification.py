"""AUC for two classes and accuracy for more, over weighted units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from provisioning.quantise.ratio import ratio
from provisioning.quantise.unit_scores import Scores, Weights

DRAWS = 10_000


@dataclass(frozen=True, slots=True)
class Auc:
    """Area under the ROC curve as Mann and Whitney count it; ties count half.

    `scores` (n,) and `positive` (n,) of the units.
    """

    scores: NDArray[np.float64]
    positive: NDArray[np.bool_]
    metric: str = "auc"
    unit: str = "image"
    most_draws: int = DRAWS

    @property
    def units(self) -> int:
        return len(self.scores)

    def values(self, weights: Weights) -> NDArray[np.float64]:
        order = np.argsort(self.scores, kind="stable")
        starts = np.unique(self.scores[order], return_index=True)[1]
        drawn = weights[:, order].astype(np.float64)
        positive = np.add.reduceat(drawn * self.positive[order], starts, axis=1)
        negative = np.add.reduceat(drawn * ~self.positive[order], starts, axis=1)
        below = np.cumsum(negative, axis=1) - 0.5 * negative
        pairs = positive.sum(axis=1) * negative.sum(axis=1)
        won = (positive * below).sum(axis=1)
        return ratio(won, pairs)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The share of units whose best scored class is the true one; `right` (n,)."""

    right: NDArray[np.bool_]
    metric: str = "accuracy"
    unit: str = "image"
    most_draws: int = DRAWS

    @property
    def units(self) -> int:
        return len(self.right)

    def values(self, weights: Weights) -> NDArray[np.float64]:
        drawn = weights.astype(np.float64)
        share: NDArray[np.float64] = drawn @ self.right.astype(np.float64) / drawn.sum(axis=1)
        return share


def classification_scores(outputs: NDArray[np.float64], truth: NDArray[np.int64]) -> Scores:
    """AUC of `outputs` (n, 1) or (n, 2), accuracy of (n, more); `truth` (n,) class numbers."""
    if outputs.shape[1] == 1:
        return (Auc(outputs[:, 0], truth == 1),)
    if outputs.shape[1] == 2:
        return (Auc(outputs[:, 1] - outputs[:, 0], truth == 1),)
    return (Accuracy(outputs.argmax(axis=1) == truth),)
