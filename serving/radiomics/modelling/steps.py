"""Fitted steps as plain arithmetic: what a model does to features before it predicts.

Training fits a step with scikit-learn or our own selection and keeps these; the same code then
predicts inside cross-validation, after training and after a reload, so all three agree to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from serving.domain.errors import InvalidRequest
from serving.domain.volume import Float64
from serving.radiomics.modelling.feature_table import Words


@dataclass(frozen=True, slots=True)
class FillMissing:
    """Puts a training value where one is missing: `values` (features,)."""

    kind: ClassVar[str] = "fill_missing"
    values: Float64

    def apply(self, x: Float64, centres: Words | None) -> Float64:
        return np.where(np.isnan(x), self.values, x)


@dataclass(frozen=True, slots=True)
class Keep:
    """Keeps some columns: `columns` int64 (kept,)."""

    kind: ClassVar[str] = "keep"
    columns: NDArray[np.int64]

    def apply(self, x: Float64, centres: Words | None) -> Float64:
        return x[:, self.columns]


@dataclass(frozen=True, slots=True)
class Standardise:
    """(x - centre) / scale, both (features,)."""

    kind: ClassVar[str] = "standardise"
    centre: Float64
    scale: Float64

    def apply(self, x: Float64, centres: Words | None) -> Float64:
        return (x - self.centre) / self.scale


@dataclass(frozen=True, slots=True)
class Project:
    """(x - mean) @ components.T: `components` is (kept, features), as PCA gives them."""

    kind: ClassVar[str] = "project"
    mean: Float64
    components: Float64

    def apply(self, x: Float64, centres: Words | None) -> Float64:
        # Not BLAS, which picks its kernels, and so the last bits, by the number of rows.
        return np.asarray(np.einsum("ij,kj->ik", x - self.mean, self.components))


@dataclass(frozen=True, slots=True)
class Harmonise:
    """ComBat as fitted: slope * x + offset for each centre, both (centres, features).

    Raises InvalidRequest for cases of a centre that training did not see.
    """

    kind: ClassVar[str] = "harmonise"
    names: tuple[str, ...]
    slope: Float64
    offset: Float64

    def apply(self, x: Float64, centres: Words | None) -> Float64:
        if centres is None:
            raise InvalidRequest(
                "the model harmonises centres and the table names none; add the centre column"
            )
        rows = self._rows(centres)
        return self.slope[rows] * x + self.offset[rows]

    def _rows(self, centres: Words) -> NDArray[np.int64]:
        place = {name: row for row, name in enumerate(self.names)}
        unseen = {str(name) for name in centres} - place.keys()
        if unseen:
            raise InvalidRequest(
                f"{len(unseen)} of the table's centres are none of the {len(place)} that the model "
                "was harmonised with; train with cases of each centre, or without ComBat"
            )
        return np.array([place[str(name)] for name in centres], dtype=np.int64)


Step = FillMissing | Keep | Standardise | Project | Harmonise


def apply_steps(steps: tuple[Step, ...], x: Float64, centres: Words | None) -> Float64:
    """All steps one after the other on `x` (cases, features)."""
    for step in steps:
        x = step.apply(x, centres)
    return x
