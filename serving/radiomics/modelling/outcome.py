"""What is predicted: two classes, or time to an event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Binary:
    """Two classes: `positive` is bool (cases,); `names` are (negative, positive)."""

    positive: NDArray[np.bool_]
    names: tuple[str, str] = ("0", "1")

    @property
    def strata(self) -> NDArray[np.int64]:
        """What folds are balanced by."""
        return self.positive.astype(np.int64)

    def take(self, rows: Indices) -> Binary:
        return Binary(self.positive[rows], self.names)


@dataclass(frozen=True, slots=True)
class Survival:
    """`time` float64 (cases,), in the table's unit; `event` bool (cases,): False is censored."""

    time: Float64
    event: NDArray[np.bool_]

    @property
    def strata(self) -> NDArray[np.int64]:
        """What folds are balanced by: whether there was an event."""
        return self.event.astype(np.int64)

    def take(self, rows: Indices) -> Survival:
        return Survival(self.time[rows], self.event[rows])


Outcome = Binary | Survival
