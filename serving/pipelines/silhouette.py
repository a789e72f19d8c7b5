"""Where the body stands from right to left in each axial slice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serving.pipelines.coarse_grid import Bool


@dataclass(frozen=True, slots=True)
class Silhouette:
    """The body seen from the front, for a crop that starts at column `first_column` of it."""

    columns: Bool
    """(slices of the crop, columns of the whole)."""
    first_column: int

    @classmethod
    def of(cls, body: Bool, first_column: int) -> Silhouette:
        """`body` is canonical: the slices of the crop, all rows and columns."""
        return cls(np.asarray(body.any(axis=1)), first_column)

    def middle(self, within: Bool | None = None) -> float:
        """The body's middle column within the crop, over all slices or those that a mask is in."""
        seen = self.columns if within is None else self.columns[within.any(axis=(1, 2))]
        columns = np.flatnonzero(seen.any(axis=0))
        middle = float(columns.mean()) if columns.size else self.columns.shape[1] / 2
        return middle - self.first_column
