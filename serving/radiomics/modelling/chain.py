"""Fits every step before the model on training cases alone, and keeps it as plain arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64
from serving.radiomics.modelling.feature_table import FeatureTable, Words
from serving.radiomics.modelling.filters import (
    missing_columns,
    reliable_columns,
    uncorrelated_columns,
    varying_columns,
)
from serving.radiomics.modelling.harmonising import fit_harmonise
from serving.radiomics.modelling.lasso_choice import LassoPath, choose_by_lasso
from serving.radiomics.modelling.mrmr_choice import choose_by_mrmr
from serving.radiomics.modelling.outcome import Binary, Outcome
from serving.radiomics.modelling.projection import fit_pca
from serving.radiomics.modelling.scaling import fit_fill, fit_scale
from serving.radiomics.modelling.settings import TrainingSettings
from serving.radiomics.modelling.steps import Keep, Step, apply_steps

_MRMR_FEATURES = 10


@dataclass(frozen=True, slots=True)
class Chain:
    """Fitted steps; `sources` are the table's columns whose values reach the model."""

    steps: tuple[Step, ...]
    sources: NDArray[np.int64]
    outputs: tuple[str, ...]
    """What the model's inputs are called: features, or components of PCA."""
    path: LassoPath | None = None

    def apply(self, x: Float64, centres: Words | None) -> Float64:
        """(cases, features of the table) to (cases, inputs of the model)."""
        return apply_steps(self.steps, x, centres)


def fit_chain(
    table: FeatureTable, outcome: Outcome, settings: TrainingSettings, seed: int
) -> Chain:
    """Fits the steps of `settings.preprocessing` in their order to the table's cases.

    Raises InvalidRequest where a step lacks what it needs (centres, repeats, features).
    """
    fitter = _ChainFitter(table, outcome, settings, seed)
    fitter.clean()
    fitter.filter()
    fitter.select()
    return fitter.chain()


class _ChainFitter:
    """Walks `x` through the steps; `sources` follows which columns are left."""

    def __init__(
        self, table: FeatureTable, outcome: Outcome, settings: TrainingSettings, seed: int
    ) -> None:
        self._table, self._outcome, self._settings, self._seed = table, outcome, settings, seed
        self._wanted = settings.preprocessing
        self._x = table.values
        self._sources = np.arange(table.values.shape[1])
        self._steps: list[Step] = []
        self._outputs: tuple[str, ...] | None = None
        self._path: LassoPath | None = None

    def clean(self) -> None:
        """Missing values, and centres."""
        self._keep(missing_columns(self._x, self._wanted.most_missing))
        self._add(fit_fill(self._x, self._wanted.imputation))
        if self._wanted.combat:
            self._keep(varying_columns(self._x, 0.0))
            self._add(fit_harmonise(self._x, self._table.centres))

    def filter(self) -> None:
        """Filters that look at no outcome, and scaling."""
        if self._wanted.least_icc is not None:
            self._keep(self._reliable(self._wanted.least_icc))
        self._keep(varying_columns(self._x, self._wanted.least_variance))
        self._add(fit_scale(self._x, self._wanted.scaling))
        if self._wanted.highest_correlation is not None:
            self._keep(uncorrelated_columns(self._x, self._wanted.highest_correlation))

    def select(self) -> None:
        """The selection that `settings` name."""
        kind, limit = self._wanted.selection, self._wanted.features
        if kind in ("lasso_cv", "lasso_cv_pca"):
            capped = limit if kind == "lasso_cv" else None
            self._path = choose_by_lasso(
                self._x, self._table, self._outcome, self._settings.lasso_folds, capped, self._seed
            )
            self._keep(self._path.chosen)
        if kind == "mrmr" and isinstance(self._outcome, Binary):
            self._keep(choose_by_mrmr(self._x, self._outcome, limit or _MRMR_FEATURES))
        if kind in ("pca", "lasso_cv_pca") and self._sources.size:
            self._project(limit)

    def chain(self) -> Chain:
        names = tuple(self._table.names[column] for column in self._sources)
        return Chain(tuple(self._steps), self._sources, self._outputs or names, self._path)

    def _reliable(self, least: float) -> NDArray[np.int64]:
        raters = [self._table.values, *self._table.repeats]
        return reliable_columns([values[:, self._sources] for values in raters], least)

    def _project(self, limit: int | None) -> None:
        for step in fit_pca(self._x, limit, self._wanted.explained_variance):
            self._add(step)
        count = self._x.shape[1]
        self._outputs = tuple(f"component {number}" for number in range(1, count + 1))

    def _keep(self, columns: NDArray[np.int64]) -> None:
        if columns.size < self._x.shape[1]:
            self._add(Keep(columns.astype(np.int64)))
            self._sources = self._sources[columns]

    def _add(self, step: Step) -> None:
        self._steps.append(step)
        self._x = step.apply(self._x, self._table.centres)
