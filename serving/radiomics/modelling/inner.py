"""The inner folds: chooses a model on training cases alone, then fits it to all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serving.domain.volume import Float64
from serving.radiomics.modelling.candidates import Candidate, candidates
from serving.radiomics.modelling.chain import Chain, fit_chain
from serving.radiomics.modelling.concordance import concordance
from serving.radiomics.modelling.delong import auc
from serving.radiomics.modelling.feature_table import FeatureTable, Words
from serving.radiomics.modelling.fit_binary import fit_binary
from serving.radiomics.modelling.fit_cox import fit_cox
from serving.radiomics.modelling.folds import most_folds, split
from serving.radiomics.modelling.outcome import Binary, Outcome
from serving.radiomics.modelling.predictors import Predictor
from serving.radiomics.modelling.roc import youden_threshold
from serving.radiomics.modelling.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class Fitted:
    """A chain and the model behind it, fitted to the same cases."""

    chain: Chain
    predictor: Predictor
    candidate: Candidate
    threshold: float
    """Score from which on a case is called positive (high risk), fixed on the inner folds."""
    inner_score: float
    """Mean area under the ROC curve (Cox: concordance) of the chosen model over inner folds."""

    def score(self, x: Float64, centres: Words | None) -> Float64:
        """Of raw features (cases, features of the table)."""
        return self.predictor.score(self.chain.apply(x, centres))


def fit_chosen(
    table: FeatureTable, outcome: Outcome, settings: TrainingSettings, seed: int
) -> Fitted:
    """The candidate that the inner folds prefer, fitted to all cases of `table`.

    The steps before the model are fitted once a fold and shared by all candidates.
    """
    tried = candidates(settings)
    scores, means = _inner_scores(tried, table, outcome, settings, seed)
    best = int(np.argmax(np.round(means, 12)))
    chain = fit_chain(table, outcome, settings, seed)
    x = chain.apply(table.values, table.centres)
    predictor = _fit(tried[best], x, outcome, table.groups, seed, settings)
    threshold = _threshold(scores[best], outcome)
    return Fitted(chain, predictor, tried[best], threshold, float(means[best]))


def rank_score(scores: Float64, outcome: Outcome) -> float:
    """Area under the ROC curve, or Harrell's concordance; NaN where it is not defined."""
    if isinstance(outcome, Binary):
        both = 0 < outcome.positive.sum() < outcome.positive.size
        return auc(scores, outcome.positive) if both else float("nan")
    return concordance(scores, outcome)


def _inner_scores(
    tried: tuple[Candidate, ...],
    table: FeatureTable,
    outcome: Outcome,
    settings: TrainingSettings,
    seed: int,
) -> tuple[Float64, Float64]:
    """Scores of cases out of their folds (candidates, cases), and mean rank scores."""
    count = max(2, min(settings.inner_folds, most_folds(table, outcome)))
    scores = np.zeros((len(tried), table.cases))
    ranks = []
    for fold in split(table, outcome, count, seed):
        part, known = table.take(fold.training), outcome.take(fold.training)
        chain = fit_chain(part, known, settings, seed)
        x = chain.apply(part.values, part.centres)
        held = table.take(fold.test)
        held_x = chain.apply(held.values, held.centres)
        for row, candidate in enumerate(tried):
            model = _fit(candidate, x, known, part.groups, seed, settings)
            scores[row, fold.test] = model.score(held_x)
        truth = outcome.take(fold.test)
        ranks.append([rank_score(row[fold.test], truth) for row in scores])
    known_ranks = np.array(ranks)
    return scores, np.where(np.isnan(known_ranks).all(axis=0), 0.5, _nan_mean(known_ranks))


def _nan_mean(ranks: Float64) -> Float64:
    known = ~np.isnan(ranks)
    return np.asarray(np.where(known, ranks, 0).sum(axis=0) / np.maximum(1, known.sum(axis=0)))


def _fit(
    candidate: Candidate,
    x: Float64,
    outcome: Outcome,
    groups: Words | None,
    seed: int,
    settings: TrainingSettings,
) -> Predictor:
    if isinstance(outcome, Binary):
        return fit_binary(candidate, x, outcome, groups, seed, settings.trees)
    return fit_cox(candidate, x, outcome)


def _threshold(scores: Float64, outcome: Outcome) -> float:
    if isinstance(outcome, Binary):
        return youden_threshold(scores, outcome.positive)
    return float(np.median(scores))
