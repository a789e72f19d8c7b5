"""Tables and settings that the tests of modelling share."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_breast_cancer

from serving.radiomics.modelling.feature_table import FeatureTable
from serving.radiomics.modelling.outcome import Binary, Survival
from serving.radiomics.modelling.settings import (
    Columns,
    Preprocessing,
    SurvivalOutcome,
    TrainingSettings,
)


def breast_cancer(cases: int = 569, *, gaps: bool = False) -> FeatureTable:
    """scikit-learn's breast-cancer data (Wolberg et al. 1995), malignant as positive."""
    data = load_breast_cancer()
    values = np.array(data.data[:cases])
    if gaps:
        values[::7, 3] = np.nan
    return FeatureTable(
        names=tuple(name.replace(" ", "_") for name in data.feature_names),
        values=values,
        case_ids=tuple(f"case-{row}" for row in range(cases)),
        outcome=Binary(data.target[:cases] == 0, ("benign", "malignant")),
    )


def planted(cases: int = 160, features: int = 120, seed: int = 5) -> FeatureTable:
    """Noise, of which the first three features make the classes."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(cases, features))
    logit = 1.8 * values[:, 0] - 1.5 * values[:, 1] + 1.2 * values[:, 2]
    positive = random.random(cases) < 1 / (1 + np.exp(-logit))
    names = tuple(f"{'planted' if f < 3 else 'noise'}_{f}" for f in range(features))
    ids = tuple(f"case-{row}" for row in range(cases))
    return FeatureTable(names, values, ids, Binary(positive, ("no", "yes")))


def survival(cases: int = 150, features: int = 20, seed: int = 2) -> FeatureTable:
    """Exponential times whose hazard two features make; about a third censored."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(cases, features))
    times = random.exponential(300 * np.exp(-values[:, 0] - 0.8 * values[:, 1])) + 1
    ends = random.exponential(600, cases) + 1
    names = tuple(f"{'planted' if f < 2 else 'noise'}_{f}" for f in range(features))
    ids = tuple(f"case-{row}" for row in range(cases))
    outcome = Survival(np.minimum(times, ends), times <= ends)
    return FeatureTable(names, values, ids, outcome)


def quick(**changed: object) -> TrainingSettings:
    """Settings that train in a second or two."""
    plain: dict[str, object] = {
        "models": ("lasso_logistic",),
        "search": "quick",
        "outer_folds": 3,
        "inner_folds": 2,
        "lasso_folds": 3,
        "trees": 15,
        "bootstraps": 200,
    }
    return TrainingSettings.model_validate({**plain, **changed})


def quick_survival(**changed: object) -> TrainingSettings:
    columns = Columns(outcome=SurvivalOutcome())
    return quick(models=("cox",), columns=columns, **changed)


def steps(**changed: object) -> Preprocessing:
    return Preprocessing.model_validate(changed)


def silent(share: float, stage: str) -> None:
    """A progress that nobody watches."""
