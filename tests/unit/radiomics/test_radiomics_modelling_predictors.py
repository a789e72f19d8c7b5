"""Plain arithmetic predicts what scikit-learn and lifelines do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

from serving.radiomics.modelling.candidates import Candidate
from serving.radiomics.modelling.fit_binary import fit_binary
from serving.radiomics.modelling.fit_cox import fit_cox
from serving.radiomics.modelling.outcome import Binary, Survival
from serving.radiomics.modelling.predictors import Constant, KernelMachine
from serving.radiomics.modelling.tree_nodes import trees_of_boosting, trees_of_forest
from tests.unit.radiomics.modelling_tables import breast_cancer, survival


@pytest.fixture(scope="module")
def scaled() -> tuple[np.ndarray, Binary]:
    table = breast_cancer(200)
    assert isinstance(table.outcome, Binary)
    x = (table.values - table.values.mean(axis=0)) / table.values.std(axis=0)
    return x[:, :8], table.outcome


def test_forest(scaled: tuple[np.ndarray, Binary]) -> None:
    x, outcome = scaled
    forest = RandomForestClassifier(20, random_state=1).fit(x, outcome.positive)
    found = trees_of_forest(forest).score(x)
    np.testing.assert_allclose(found, forest.predict_proba(x)[:, 1], atol=1e-12)


def test_boosting(scaled: tuple[np.ndarray, Binary]) -> None:
    x, outcome = scaled
    boosting = GradientBoostingClassifier(n_estimators=30, random_state=1).fit(x, outcome.positive)
    found = trees_of_boosting(boosting).score(x)
    np.testing.assert_allclose(found, boosting.predict_proba(x)[:, 1], atol=1e-12)


def test_support_vectors(scaled: tuple[np.ndarray, Binary]) -> None:
    from sklearn.svm import SVC

    x, outcome = scaled
    candidate = Candidate("svm", (("C", 1.0), ("gamma_scale", 1.0)))
    found = fit_binary(candidate, x, outcome, None, 3, 10)
    assert isinstance(found, KernelMachine)
    other = SVC(C=1.0, gamma="scale").fit(x, outcome.positive)
    np.testing.assert_allclose(found.decision(x), other.decision_function(x), atol=5e-3)
    scores = found.score(x)
    assert scores[outcome.positive].mean() > 0.8 > 0.2 > scores[~outcome.positive].mean()


def test_cox_and_its_survival_are_lifelines_own() -> None:
    table = survival(120, 3)
    assert isinstance(table.outcome, Survival)
    found = fit_cox(Candidate("cox", (("penalizer", 0.1),)), table.values, table.outcome)
    frame = pd.DataFrame(table.values)
    frame["time"], frame["event"] = table.outcome.time, table.outcome.event
    other = CoxPHFitter(penalizer=0.1).fit(frame, "time", "event")
    hazard = other.predict_log_partial_hazard(frame).to_numpy()
    np.testing.assert_allclose(found.score(table.values), hazard, atol=1e-8)
    times = np.sort(table.outcome.time[table.outcome.event])[[5, 30]]
    expected = other.predict_survival_function(frame, times=times).to_numpy().T
    np.testing.assert_allclose(found.survival(table.values, times), expected, atol=1e-8)


def test_no_feature_makes_a_constant(scaled: tuple[np.ndarray, Binary]) -> None:
    _, outcome = scaled
    candidate = Candidate("lasso_logistic", (("C", 1.0),))
    found = fit_binary(candidate, np.empty((200, 0)), outcome, None, 1, 10)
    assert found == Constant(float(outcome.positive.mean()))


@pytest.mark.parametrize(
    "candidate",
    [
        Candidate("lasso_logistic", (("C", 1.0),)),
        Candidate("svm", (("C", 1.0), ("gamma_scale", 1.0))),
        Candidate("random_forest", (("min_samples_leaf", 3),)),
        Candidate("gradient_boosting", (("max_depth", 2), ("learning_rate", 0.1))),
    ],
    ids=lambda each: each.model,
)
def test_a_cases_score_does_not_depend_on_the_others(
    candidate: Candidate, scaled: tuple[np.ndarray, Binary]
) -> None:
    x, outcome = scaled
    model = fit_binary(candidate, x, outcome, None, 1, 10)
    whole = model.score(x)
    single = np.concatenate([model.score(x[row : row + 1]) for row in range(20)])
    assert np.array_equal(whole[:20], single)
