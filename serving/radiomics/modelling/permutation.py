"""Would outcomes dealt at random be predicted as well? (Ojala & Garriga, JMLR 2010.)"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from serving.domain.slices import Progress
from serving.radiomics.modelling.cross_validation import observed_score
from serving.radiomics.modelling.feature_table import FeatureTable, Words
from serving.radiomics.modelling.outcome import Indices, Outcome
from serving.radiomics.modelling.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """Scores of a whole nested cross-validation (its first repeat) under permuted outcomes.

    `p_value` = (1 + permuted scores that reach the observed one) / (1 + permutations).
    """

    observed: float
    permuted: tuple[float, ...]
    p_value: float
    unit: str
    """What was permuted: cases, groups, or cases inside their groups."""


def permutation_test(
    table: FeatureTable, outcome: Outcome, settings: TrainingSettings, progress: Progress
) -> PermutationTest | None:
    """None where `settings` ask for no permutation."""
    if settings.permutations == 0:
        return None
    observed = observed_score(table, outcome, settings)
    seeds = np.random.SeedSequence([settings.seed, 1]).spawn(settings.permutations)
    run = Parallel(n_jobs=min(settings.max_threads, len(seeds)), return_as="generator")
    permuted: list[float] = []
    for score in run(delayed(_permuted_score)(table, outcome, settings, seed) for seed in seeds):
        permuted.append(score)
        progress(len(permuted) / len(seeds), "permutation test")
    reached = sum(score >= observed for score in permuted)
    p_value = (1 + reached) / (1 + len(permuted))
    return PermutationTest(observed, tuple(permuted), p_value, permuted_unit(table.groups, outcome))


def permuted_unit(groups: Words | None, outcome: Outcome) -> str:
    """Groups whose cases share their class are dealt whole; else cases inside their groups."""
    if groups is None:
        return "cases"
    _, unit = np.unique(groups, return_inverse=True)
    strata = outcome.strata
    hits, sizes = np.bincount(unit, strata), np.bincount(unit)
    return "groups" if bool(((hits == 0) | (hits == sizes)).all()) else "cases inside their groups"


def permuted_rows(groups: Words | None, outcome: Outcome, random: np.random.Generator) -> Indices:
    """For each case the row whose outcome it is dealt."""
    kind = permuted_unit(groups, outcome)
    if groups is None:
        return random.permutation(outcome.strata.size)
    _, first, unit = np.unique(groups, return_index=True, return_inverse=True)
    if kind == "groups":
        return np.asarray(first[random.permutation(first.size)][unit])
    order = np.lexsort((random.random(unit.size), unit))
    rows = np.empty(unit.size, dtype=np.intp)
    rows[np.argsort(unit, kind="stable")] = order
    return rows


def _permuted_score(
    table: FeatureTable,
    outcome: Outcome,
    settings: TrainingSettings,
    seed: np.random.SeedSequence,
) -> float:
    rows = permuted_rows(table.groups, outcome, np.random.default_rng(seed))
    return observed_score(table, outcome.take(rows), settings)
