"""Trains a model and says how good it is, by nested cross-validation and a final refit."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from threadpoolctl import threadpool_limits

from serving.domain.errors import InvalidRequest
from serving.domain.slices import Progress
from serving.radiomics.modelling.accelerated import NOTICE
from serving.radiomics.modelling.cross_validation import OutOfFold, cross_validate
from serving.radiomics.modelling.evaluate import evaluate_binary, evaluate_survival, fold_summary
from serving.radiomics.modelling.evaluation import Evaluation
from serving.radiomics.modelling.feature_table import FeatureTable
from serving.radiomics.modelling.final_fit import FinalFit, final_fit
from serving.radiomics.modelling.fitness import check_fitness
from serving.radiomics.modelling.inner import Fitted, fit_chosen
from serving.radiomics.modelling.outcome import Binary, Outcome, Survival
from serving.radiomics.modelling.permutation import PermutationTest, permutation_test
from serving.radiomics.modelling.predictors import Constant
from serving.radiomics.modelling.prune import pruned_steps
from serving.radiomics.modelling.settings import TrainingSettings
from serving.radiomics.modelling.stability import stability
from serving.radiomics.modelling.trained_model import ModelFacts, TrainedModel

_PACKAGES = (
    "aibox",
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-learn-intelex",
    "lifelines",
    "numba",
)
_SHARES = {"cross-validation": (0.0, 0.5), "permutation test": (0.5, 0.9)}


@dataclass(frozen=True, slots=True)
class Trained:
    """A model on all cases, what nested cross-validation says of it, and the scores behind that."""

    model: TrainedModel
    evaluation: Evaluation
    final: FinalFit
    out_of_fold: OutOfFold


def train(table: FeatureTable, settings: TrainingSettings, progress: Progress) -> Trained:
    """Every fitted step sees training cases alone; the inner folds choose, the outer ones judge.

    Raises InvalidRequest, one sentence, where the table cannot carry the training.
    """
    started = time.monotonic()
    notices = check_fitness(table, settings)
    outcome = _outcome(table)
    found = cross_validate(table, outcome, settings, _part(progress, "cross-validation"))
    permuted = permutation_test(table, outcome, settings, _part(progress, "permutation test"))
    progress(0.95, "fitting to all cases")
    with threadpool_limits(1):
        fitted = fit_chosen(table, outcome, settings, settings.seed % 2**31)
    notices += _fit_notices(fitted, found)
    evaluation = _evaluation(table, outcome, settings, found, permuted, notices, started)
    model = _model(table, outcome, settings, fitted, notices)
    progress(1.0, "trained")
    return Trained(model, evaluation, final_fit(fitted, model.features), found)


def _outcome(table: FeatureTable) -> Outcome:
    if table.outcome is None:
        raise InvalidRequest("the table has no outcome to train for; name its column")
    return table.outcome


def _part(progress: Progress, name: str) -> Progress:
    low, high = _SHARES[name]
    return lambda done, text: progress(low + (high - low) * done, text)


def _fit_notices(fitted: Fitted, found: OutOfFold) -> tuple[str, ...]:
    notices: list[str] = []
    used = {fitted.candidate.model, *(each.candidate.model for each in found.folds)}
    if used & {"svm", "random_forest"}:
        notices.append(NOTICE)
    empty = sum(each.sources.size == 0 for each in found.folds)
    if empty:
        notices.append(
            f"in {empty} of {len(found.folds)} outer folds no feature was selected; every case "
            "there is given the training cases' share of positives (Cox: their baseline)"
        )
    if isinstance(fitted.predictor, Constant) or not fitted.chain.outputs:
        notices.append("no feature was selected on all cases: the model is the same for everybody")
    return tuple(notices)


def _evaluation(
    table: FeatureTable,
    outcome: Outcome,
    settings: TrainingSettings,
    found: OutOfFold,
    permuted: PermutationTest | None,
    notices: tuple[str, ...],
    started: float,
) -> Evaluation:
    binary = survival = None
    if isinstance(outcome, Binary):
        binary = evaluate_binary(table, outcome, found, settings)
    else:
        survival = evaluate_survival(table, outcome, found, settings)
    return Evaluation(
        cases=table.cases,
        groups=None if table.groups is None else len(set(table.groups)),
        centres=None if table.centres is None else len(set(table.centres)),
        features=len(table.names),
        outer_folds=settings.outer_folds,
        inner_folds=settings.inner_folds,
        repeats=settings.repeats,
        confidence=settings.confidence,
        binary=binary,
        survival=survival,
        folds=tuple(fold_summary(table, each) for each in found.folds),
        stability=stability(
            [each.sources for each in found.folds], table.names, settings.confidence
        ),
        permutation=permuted,
        notices=notices,
        seconds=time.monotonic() - started,
    )


def _model(
    table: FeatureTable,
    outcome: Outcome,
    settings: TrainingSettings,
    fitted: Fitted,
    notices: tuple[str, ...],
) -> TrainedModel:
    return TrainedModel(
        features=tuple(table.names[column] for column in fitted.chain.sources),
        steps=pruned_steps(fitted.chain, len(table.names)),
        inputs=fitted.chain.outputs,
        predictor=fitted.predictor,
        threshold=fitted.threshold,
        kind="binary" if isinstance(outcome, Binary) else "survival",
        classes=outcome.names if isinstance(outcome, Binary) else ("low risk", "high risk"),
        facts=ModelFacts(
            settings=settings,
            settings_digest=settings.digest,
            table_digest=_table_digest(table, outcome),
            chosen=str(fitted.candidate),
            cases=table.cases,
            versions=_versions(),
            notices=notices,
        ),
    )


def _table_digest(table: FeatureTable, outcome: Outcome) -> str:
    digest = hashlib.sha256("\n".join(table.names).encode())
    digest.update(table.values.tobytes())
    if isinstance(outcome, Survival):
        digest.update(outcome.time.tobytes())
    digest.update(outcome.strata.tobytes())
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
