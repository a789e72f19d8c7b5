"""How many cases came in, and how many the model was made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serving.radiomics.modelling.feature_table import FeatureTable, LeftOut


@dataclass(frozen=True, slots=True)
class CohortFlow:
    """Rows of the table that came in; `left_out` says why others than `used` were not used."""

    rows_in: int
    left_out: tuple[LeftOut, ...]
    repeats: int
    """Further delineations of the same regions, used for reliability alone."""
    used: int


def cohort_flow(table: FeatureTable) -> CohortFlow:
    """As the reader of the table counted it."""
    repeats = sum(int((~np.isnan(values)).any(axis=1).sum()) for values in table.repeats)
    dropped = sum(each.rows for each in table.left_out)
    return CohortFlow(table.cases + repeats + dropped, table.left_out, repeats, table.cases)
