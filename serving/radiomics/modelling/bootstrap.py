"""Resamples of cases, or of whole groups where cases of one group are not independent."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from serving.domain.volume import Float64
from serving.radiomics.modelling.feature_table import Words
from serving.radiomics.modelling.outcome import Indices


class Bootstrap:
    """`draws` resamples with replacement of `cases` cases, the same ones on every pass."""

    def __init__(self, cases: int, groups: Words | None, draws: int, seed: int) -> None:
        self._cases, self._draws, self._seed = cases, draws, seed
        self._members: list[Indices] | None = None
        if groups is not None:
            _, unit = np.unique(groups, return_inverse=True)
            order = np.argsort(unit, kind="stable")
            self._members = np.split(order, np.cumsum(np.bincount(unit))[:-1])

    def rows(self, most: int | None = None) -> Iterator[Indices]:
        """Row numbers of each resample, at most `most` of them."""
        random = np.random.default_rng(self._seed)
        for _ in range(self._draws if most is None else min(most, self._draws)):
            if self._members is None:
                yield random.integers(0, self._cases, self._cases)
            else:
                count = len(self._members)
                chosen = random.integers(0, count, count)
                yield np.concatenate([self._members[unit] for unit in chosen])

    def means(self, values: Float64, counted: Float64) -> Float64:
        """sum(values) / sum(counted) of each resample; NaN where nothing counts. Both (cases,)."""
        top, bottom = [], []
        for rows in self.rows():
            top.append(values[rows].sum())
            bottom.append(counted[rows].sum())
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.array(top, dtype=float) / np.array(bottom, dtype=float))
