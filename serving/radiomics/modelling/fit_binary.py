"""Fits a model for two classes and keeps it as plain arithmetic."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from serving.domain.volume import Float64
from serving.radiomics.modelling.accelerated import SVC, RandomForestClassifier
from serving.radiomics.modelling.candidates import Candidate
from serving.radiomics.modelling.feature_table import Words
from serving.radiomics.modelling.logit_fit import fit_platt
from serving.radiomics.modelling.outcome import Binary
from serving.radiomics.modelling.predictors import Constant, KernelMachine, Logistic, Predictor
from serving.radiomics.modelling.tree_nodes import trees_of_boosting, trees_of_forest

Labels = NDArray[np.int64]
_PLATT_FOLDS = 3


def fit_binary(
    candidate: Candidate,
    x: Float64,
    outcome: Binary,
    groups: Words | None,
    seed: int,
    trees: int,
) -> Predictor:
    """The candidate fitted to `x` (cases, features); a constant where there is no feature."""
    if x.shape[1] == 0:
        return Constant(float(outcome.positive.mean()))
    y = outcome.positive.astype(np.int64)
    if candidate.model == "svm":
        return _svm(candidate, x, y, groups, seed)
    if candidate.model == "random_forest":
        return trees_of_forest(_forest(candidate, seed, trees).fit(x, y))
    if candidate.model == "gradient_boosting":
        return trees_of_boosting(_boosting(candidate, seed, trees).fit(x, y))
    return _logistic(candidate, x, y)


def _logistic(candidate: Candidate, x: Float64, y: Labels) -> Logistic:
    ratio = 1.0 if candidate.model == "lasso_logistic" else candidate["l1_ratio"]
    model = LogisticRegression(
        C=candidate["C"], l1_ratio=ratio, solver="saga", max_iter=2000, tol=1e-4, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, y)
    return Logistic(np.array(model.coef_[0], dtype=np.float64), float(model.intercept_[0]))


def _forest(candidate: Candidate, seed: int, trees: int) -> RandomForestClassifier:
    return RandomForestClassifier(
        n_estimators=trees,
        min_samples_leaf=int(candidate["min_samples_leaf"]),
        random_state=seed,
        n_jobs=1,
    )


def _boosting(candidate: Candidate, seed: int, trees: int) -> GradientBoostingClassifier:
    return GradientBoostingClassifier(
        n_estimators=trees,
        max_depth=int(candidate["max_depth"]),
        learning_rate=candidate["learning_rate"],
        subsample=0.7,
        random_state=seed,
    )


def _svm(
    candidate: Candidate, x: Float64, y: Labels, groups: Words | None, seed: int
) -> KernelMachine:
    """Platt's sigmoid is fitted on decisions of folds inside `x`, not on the fitted cases."""
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    decisions = np.full(y.size, np.nan)
    splitter = kind(n_splits=_PLATT_FOLDS, shuffle=True, random_state=seed)
    for training, test in splitter.split(x, y, groups):
        if len(set(y[training])) == 2:
            part = _machine(candidate, x[training], y[training])
            decisions[test] = part.decision(x[test])
    whole = _machine(candidate, x, y)
    known = ~np.isnan(decisions)
    line = fit_platt(decisions[known], y[known].astype(np.float64))
    return KernelMachine(
        whole.vectors, whole.weights, whole.intercept, whole.gamma, line.slope, line.intercept
    )


def _machine(candidate: Candidate, x: Float64, y: Labels) -> KernelMachine:
    gamma = candidate["gamma_scale"] / (x.shape[1] * max(float(x.var()), 1e-12))
    model = SVC(C=candidate["C"], kernel="rbf", gamma=gamma).fit(x, y)
    return KernelMachine(
        vectors=np.array(model.support_vectors_, dtype=np.float64),
        weights=np.array(model.dual_coef_[0], dtype=np.float64),
        intercept=float(np.ravel(model.intercept_)[0]),
        gamma=gamma,
        platt_slope=1.0,
        platt_offset=0.0,
    )
