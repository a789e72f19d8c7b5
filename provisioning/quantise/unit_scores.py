"""A metric that can be taken again over any resample of its units."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.int64]
"""(draws, units): how often each unit was drawn."""


class UnitScores(Protocol):
    """What one model did on a labelled set, kept as little as the metric needs."""

    @property
    def metric(self) -> str:
        """Its name as in AccuracyGate: dice_pooled, average_precision ..."""
        ...

    @property
    def unit(self) -> str:
        """slice, image or case."""
        ...

    @property
    def units(self) -> int: ...

    @property
    def most_draws(self) -> int:
        """How many resamples are affordable."""
        ...

    def values(self, weights: Weights) -> NDArray[np.float64]:
        """The metric 0..1 of each draw, (draws,); NaN where a draw leaves it undefined."""
        ...


Scores = tuple[UnitScores, ...]
"""All metrics of a task, of one model on one set."""


def everything(scores: UnitScores) -> float:
    """The metric over all units, each taken once."""
    return float(scores.values(np.ones((1, scores.units), np.int64))[0])


def only(scores: UnitScores, chosen: NDArray[np.int64]) -> float:
    """The metric over the units at the indices `chosen`."""
    weights = np.zeros((1, scores.units), np.int64)
    weights[0, chosen] = 1
    return float(scores.values(weights)[0])
