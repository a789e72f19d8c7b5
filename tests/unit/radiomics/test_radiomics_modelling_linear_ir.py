"""A hand-written IR gives OpenVINO the same answers, and the engine serves it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from serving.engine.catalog import scan
from serving.radiomics.modelling.linear_form import linear_form
from serving.radiomics.modelling.linear_ir import IR_XML
from serving.radiomics.modelling.model_entry import write_entry
from serving.radiomics.modelling.predict import features_in_order
from serving.radiomics.modelling.train import train
from tests.unit.radiomics.modelling_tables import (
    breast_cancer,
    quick,
    quick_survival,
    silent,
    steps,
    survival,
)


@pytest.mark.parametrize("selection", ["lasso_cv", "pca", "lasso_cv_pca"])
def test_probabilities_are_the_models_own(selection: str, tmp_path: Path) -> None:
    table = breast_cancer(200, gaps=True)
    settings = quick(preprocessing=steps(selection=selection), outer_folds=2, bootstraps=100)
    found = train(table, settings, silent)
    folder = tmp_path / "linear" / "1"
    write_entry(found.model, found.evaluation, "linear", 1, folder)
    version = scan([tmp_path]).versions[0]
    version.verify("fp32")
    whole = breast_cancer(gaps=True)
    x = features_in_order(found.model, whole)
    np.testing.assert_allclose(
        _answers(folder, x, "probability"), found.model.score(x), atol=2e-6, rtol=0
    )


def test_cox_gives_its_log_partial_hazard(tmp_path: Path) -> None:
    found = train(survival(80), quick_survival(outer_folds=2, bootstraps=100), silent)
    folder = tmp_path / "cox" / "1"
    write_entry(found.model, found.evaluation, "cox", 1, folder)
    x = features_in_order(found.model, survival(80))
    np.testing.assert_allclose(
        _answers(folder, x, "log_partial_hazard"), found.model.score(x), atol=2e-6
    )


def test_large_features_that_vary_little_do_not_cancel() -> None:
    """The sum is measured from the training medians, so single precision suffices."""
    table = breast_cancer(200)
    found = train(table, quick(outer_folds=2, bootstraps=100), silent)
    form = linear_form(found.model)
    assert form is not None
    x = features_in_order(found.model, table)
    single = (x.astype(np.float32) - form.fill.astype(np.float32)) @ form.weights.astype(np.float32)
    logit = np.log(found.model.score(x) / (1 - found.model.score(x)))
    np.testing.assert_allclose(single + form.intercept, logit, atol=1e-4)


def test_trees_have_no_linear_form() -> None:
    found = train(
        breast_cancer(100), quick(models=("random_forest",), outer_folds=2, trees=3), silent
    )
    assert linear_form(found.model) is None


def _answers(folder: Path, x: np.ndarray, name: str) -> np.ndarray:
    import openvino as ov

    compiled = ov.Core().compile_model(
        str(folder / IR_XML), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    return np.asarray(compiled(x.astype(np.float32))[name][:, 0])
