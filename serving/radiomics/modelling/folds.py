"""Splits of cases into folds: balanced by outcome, groups never split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from serving.domain.errors import InvalidRequest
from serving.radiomics.modelling.feature_table import FeatureTable
from serving.radiomics.modelling.outcome import Indices, Outcome


@dataclass(frozen=True, slots=True)
class Fold:
    """Row numbers of one split; training and test share no group."""

    training: Indices
    test: Indices


def split(table: FeatureTable, outcome: Outcome, count: int, seed: int) -> tuple[Fold, ...]:
    """`count` folds; each case is tested once.

    Raises InvalidRequest where a fold would train without both classes (or without an event).
    """
    return tuple(_folds(table, outcome, count, seed))


def most_folds(table: FeatureTable, outcome: Outcome) -> int:
    """Into how many folds the rarer class can be split so that each tests one of it."""
    smallest = table.cases
    for stratum in (0, 1):
        chosen = outcome.strata == stratum
        units = int(chosen.sum()) if table.groups is None else len(set(table.groups[chosen]))
        smallest = min(smallest, units)
    return smallest


def _folds(table: FeatureTable, outcome: Outcome, count: int, seed: int) -> Iterator[Fold]:
    strata = outcome.strata
    kind = StratifiedKFold if table.groups is None else StratifiedGroupKFold
    splitter = kind(n_splits=count, shuffle=True, random_state=seed % 2**32)
    for training, test in splitter.split(np.zeros(table.cases), strata, table.groups):
        if len(set(strata[training])) < 2:
            raise InvalidRequest(
                f"one of {count} folds would train on a single class; give more cases of the rarer "
                "class or fewer folds"
            )
        if test.size == 0:
            raise InvalidRequest(f"the table has too few groups for {count} folds")
        yield Fold(training, test)
