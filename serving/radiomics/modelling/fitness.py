"""Can a table carry a training? Says no in one sentence, or what a reader should know."""

from __future__ import annotations

import numpy as np

from serving.domain.errors import InvalidRequest
from serving.domain.volume import Float64
from serving.radiomics.modelling.delong import auc
from serving.radiomics.modelling.feature_table import FeatureTable
from serving.radiomics.modelling.folds import most_folds
from serving.radiomics.modelling.outcome import Binary, Outcome
from serving.radiomics.modelling.settings import TrainingSettings

_EVENTS_PER_FEATURE = 10


def check_fitness(table: FeatureTable, settings: TrainingSettings) -> tuple[str, ...]:
    """Notices about the table; raises InvalidRequest where training cannot be sound."""
    outcome = table.outcome
    if outcome is None:
        raise InvalidRequest("the table has no outcome to train for; name its column")
    _check_outcome(outcome)
    _check_size(table, outcome, settings)
    _check_steps(table, settings)
    return (*table.notices, *_constant(table), *_leaks(table, outcome), *_few(outcome))


def _check_outcome(outcome: Outcome) -> None:
    rarer = min(int(outcome.strata.sum()), int((outcome.strata == 0).sum()))
    if rarer == 0 and isinstance(outcome, Binary):
        raise InvalidRequest("all cases are of one class; training needs cases of both")
    if not isinstance(outcome, Binary) and not outcome.event.any():
        raise InvalidRequest("no case had an event; training for time to event needs some")


def _check_size(table: FeatureTable, outcome: Outcome, settings: TrainingSettings) -> None:
    if not table.names:
        raise InvalidRequest("the table has no feature columns")
    most = most_folds(table, outcome)
    unit = "cases" if table.groups is None else "groups with cases"
    if not isinstance(outcome, Binary):
        most = table.cases if table.groups is None else len(set(table.groups))
        events = int(outcome.event.sum())
        most, unit = min(most, events), "events (or groups)"
    if most < settings.outer_folds:
        raise InvalidRequest(
            f"{settings.outer_folds} outer folds need as many {unit} of each class, and there are "
            f"{most} of the rarer; give more cases or fewer folds"
        )


def _check_steps(table: FeatureTable, settings: TrainingSettings) -> None:
    wanted = settings.preprocessing
    if wanted.combat and table.centres is None:
        raise InvalidRequest("ComBat needs a centre column, and the table has none")
    if wanted.least_icc is not None and not table.repeats:
        raise InvalidRequest(
            "the ICC filter needs cases that were delineated more than once; mark their further "
            "rows in the repeat column, or leave out least_icc"
        )


def _constant(table: FeatureTable) -> tuple[str, ...]:
    with np.errstate(invalid="ignore"):
        still = np.array([_is_constant(column) for column in table.values.T])
    if still.all():
        raise InvalidRequest("every feature is constant or missing; there is nothing to learn from")
    count = int(still.sum())
    return (f"{count} of {still.size} features are constant or missing",) if count else ()


def _is_constant(column: Float64) -> bool:
    known = column[~np.isnan(column)]
    return known.size == 0 or bool(np.ptp(known) == 0)


def _leaks(table: FeatureTable, outcome: Outcome) -> tuple[str, ...]:
    """Features that tell the classes apart without a mistake are most often the outcome itself."""
    if not isinstance(outcome, Binary):
        return ()
    suspects = [
        name
        for name, column in zip(table.names, table.values.T, strict=True)
        if _separates(column, outcome)
    ]
    copies = [
        name for name in suspects if np.unique(table.values[:, table.names.index(name)]).size == 2
    ]
    if copies:
        raise InvalidRequest(
            f"the column {copies[0]} says the same as the outcome; leave it out (ignored) or name "
            "the right outcome"
        )
    return tuple(
        f"{name} alone tells the classes apart without a mistake: make sure that it is no outcome"
        for name in suspects[:5]
    )


def _separates(column: Float64, outcome: Binary) -> bool:
    known = ~np.isnan(column)
    positive = outcome.positive[known]
    if not 0 < positive.sum() < positive.size or positive.size < outcome.positive.size / 2:
        return False
    return auc(column[known], positive) in (0.0, 1.0)


def _few(outcome: Outcome) -> tuple[str, ...]:
    rarer = int(outcome.strata.sum())
    if isinstance(outcome, Binary):
        rarer = min(rarer, outcome.strata.size - rarer)
    if rarer >= 5 * _EVENTS_PER_FEATURE:
        return ()
    return (
        f"{rarer} cases of the rarer outcome carry about {max(1, rarer // _EVENTS_PER_FEATURE)} "
        "features by the rule of ten events a feature; intervals are wide for that reason",
    )
