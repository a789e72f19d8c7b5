"""The outer folds: what a model would do on cases that no step of its training saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from serving.domain.slices import Progress
from serving.domain.volume import Float64
from serving.radiomics.modelling.candidates import Candidate
from serving.radiomics.modelling.feature_table import FeatureTable
from serving.radiomics.modelling.folds import Fold, split
from serving.radiomics.modelling.inner import fit_chosen, rank_score
from serving.radiomics.modelling.outcome import Indices, Outcome, Survival
from serving.radiomics.modelling.predictors import Cox
from serving.radiomics.modelling.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class FoldResult:
    """One outer fold: scores of its test cases by a model that was chosen and fitted without them.

    `survival` is the predicted survival at `horizon`, (test cases,), for Cox alone.
    """

    repeat: int
    test: Indices
    scores: Float64
    threshold: float
    candidate: Candidate
    sources: Indices
    rank_score: float
    survival: Float64 | None = None


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """All outer folds: `scores`, `called` (at or above the fold's threshold) (repeats, cases)."""

    folds: tuple[FoldResult, ...]
    scores: Float64
    called: NDArray[np.bool_]
    survival: Float64 | None
    horizon: float | None


@dataclass(frozen=True, slots=True)
class _Task:
    repeat: int
    fold: Fold
    seed: int


def cross_validate(
    table: FeatureTable, outcome: Outcome, settings: TrainingSettings, progress: Progress
) -> OutOfFold:
    """Every outer fold of every repeat; `progress` hears the share done."""
    tasks = tuple(_tasks(table, outcome, settings, settings.repeats))
    horizon = _horizon(outcome, settings)
    results: list[FoldResult] = []
    run = Parallel(n_jobs=min(settings.max_threads, len(tasks)), return_as="generator")
    jobs = (delayed(_run)(table, outcome, settings, task, horizon) for task in tasks)
    for result in run(jobs):
        results.append(result)
        progress(len(results) / len(tasks), "cross-validation")
    return _joined(tuple(results), settings.repeats, table.cases, horizon)


def observed_score(table: FeatureTable, outcome: Outcome, settings: TrainingSettings) -> float:
    """Rank score over all cases of one repeat: what a permutation test compares."""
    with threadpool_limits(1):
        results = [
            _run(table, outcome, settings, task, None)
            for task in _tasks(table, outcome, settings, 1)
        ]
    return rank_score(_joined(tuple(results), 1, table.cases, None).scores[0], outcome)


def _tasks(
    table: FeatureTable, outcome: Outcome, settings: TrainingSettings, repeats: int
) -> Iterator[_Task]:
    seeds = np.random.SeedSequence(settings.seed).generate_state(repeats)
    for repeat, seed in enumerate(seeds):
        for fold in split(table, outcome, settings.outer_folds, int(seed)):
            yield _Task(repeat, fold, int(seed) % 2**31)


def _run(
    table: FeatureTable,
    outcome: Outcome,
    settings: TrainingSettings,
    task: _Task,
    horizon: float | None,
) -> FoldResult:
    with threadpool_limits(1):
        training, truth = table.take(task.fold.training), outcome.take(task.fold.training)
        fitted = fit_chosen(training, truth, settings, task.seed)
        held = table.take(task.fold.test)
        x = fitted.chain.apply(held.values, held.centres)
    survival = None
    if isinstance(fitted.predictor, Cox) and horizon is not None:
        survival = fitted.predictor.survival(x, np.array([horizon]))[:, 0]
    scores = fitted.predictor.score(x)
    return FoldResult(
        repeat=task.repeat,
        test=task.fold.test,
        scores=scores,
        threshold=fitted.threshold,
        candidate=fitted.candidate,
        sources=fitted.chain.sources,
        rank_score=rank_score(scores, outcome.take(task.fold.test)),
        survival=survival,
    )


def _joined(
    results: tuple[FoldResult, ...], repeats: int, cases: int, horizon: float | None
) -> OutOfFold:
    scores, called = np.zeros((repeats, cases)), np.zeros((repeats, cases), dtype=bool)
    survival = np.full((repeats, cases), np.nan)
    for each in results:
        scores[each.repeat, each.test] = each.scores
        called[each.repeat, each.test] = each.scores >= each.threshold
        if each.survival is not None:
            survival[each.repeat, each.test] = each.survival
    known = None if np.isnan(survival).any() else survival
    return OutOfFold(results, scores, called, known, horizon)


def _horizon(outcome: Outcome, settings: TrainingSettings) -> float | None:
    """The time at which survival is calibrated."""
    wanted = settings.columns.outcome
    if not isinstance(outcome, Survival) or wanted.kind != "survival":
        return None
    return wanted.calibration_time or float(np.median(outcome.time[outcome.event]))
