"""A table of features with what is to be predicted: one row a region of interest."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64
from serving.radiomics.modelling.outcome import Indices, Outcome

Words = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows of a file that are not among the cases, and why."""

    rows: int
    reason: str


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Features and outcomes in the order of rows.

    `values` is float64 (cases, features), NaN where a value is missing. `case_ids` may hold
    patient data: they go into results, never into logs or errors. `repeats` are further
    delineations of the same cases, each (cases, features), NaN where a case has none.
    """

    names: tuple[str, ...]
    values: Float64
    case_ids: tuple[str, ...]
    outcome: Outcome | None = None
    groups: Words | None = None
    centres: Words | None = None
    repeats: tuple[Float64, ...] = ()
    notices: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def cases(self) -> int:
        return int(self.values.shape[0])

    def with_outcome(self, outcome: Outcome) -> FeatureTable:
        return replace(self, outcome=outcome)

    def take(self, rows: Indices) -> FeatureTable:
        """The table of some rows, in the order given."""
        return replace(
            self,
            values=self.values[rows],
            case_ids=tuple(self.case_ids[row] for row in rows),
            outcome=None if self.outcome is None else self.outcome.take(rows),
            groups=None if self.groups is None else self.groups[rows],
            centres=None if self.centres is None else self.centres[rows],
            repeats=tuple(values[rows] for values in self.repeats),
        )
