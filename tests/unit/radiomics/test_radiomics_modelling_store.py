"""Stored models: the same predictions to the bit, and nothing but what is on the list."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.domain.errors import CorruptModel, InvalidRequest, VersionExists
from serving.radiomics.modelling.model_entry import read_entry, write_entry
from serving.radiomics.modelling.predict import features_in_order, predict
from serving.radiomics.modelling.store import PREDICTOR_BIN, PREDICTOR_JSON, load_model, save_model
from serving.radiomics.modelling.train import Trained, train
from tests.unit.radiomics.modelling_tables import (
    breast_cancer,
    quick,
    quick_survival,
    silent,
    steps,
    survival,
)

KINDS = ("lasso_logistic", "svm", "random_forest", "gradient_boosting", "cox")


@pytest.fixture(scope="module")
def trained() -> dict[str, Trained]:
    table = breast_cancer(150, gaps=True)
    few = {"outer_folds": 2, "bootstraps": 100, "trees": 5}
    found = {name: train(table, quick(models=(name,), **few), silent) for name in KINDS[:-1]}
    found["cox"] = train(survival(80), quick_survival(**few), silent)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_after_a_reload_are_the_same_to_the_bit(
    kind: str, trained: dict[str, Trained], tmp_path: Path
) -> None:
    model = trained[kind].model
    files = save_model(model, tmp_path)
    loaded = load_model(tmp_path, files)
    table = survival(80) if kind == "cox" else breast_cancer(gaps=True)
    x = features_in_order(model, table)
    assert np.array_equal(loaded.score(x), model.score(x))
    assert predict(loaded, table) == predict(model, table)
    assert loaded.facts == model.facts
    assert loaded.facts.versions["scikit-learn"]


def test_a_stored_model_is_the_same_bytes_each_time(
    trained: dict[str, Trained], tmp_path: Path
) -> None:
    model = trained["random_forest"].model
    assert save_model(model, tmp_path / "a") == save_model(model, tmp_path / "b")


def _of(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["predictor"].update(kind="os.system"),
        lambda d: d["predictor"].update(kind="keep"),
        lambda d: d["steps"].append(d["predictor"]),
        lambda d: d["steps"][0]["arrays"].update(values=99),
        lambda d: d["steps"][0]["arrays"].update(other=0),
        lambda d: d["arrays"][0].update(shape=[10**9]),
        lambda d: d["arrays"][0].update(shape=[-1]),
        lambda d: d["arrays"][0].update(offset=10**9),
        lambda d: d["arrays"][0].update(type="|O"),
        lambda d: d["features"].append("one_more"),
        lambda d: d["inputs"].append("one_more"),
        lambda d: d.update(format="pickle"),
        lambda d: d.update(extra=1),
        lambda d: d.update(arrays_sha256="0" * 64),
        lambda d: d["predictor"]["numbers"].update(depth=10**9),
        lambda d: d["predictor"]["arrays"].update(left=d["predictor"]["arrays"]["roots"]),
        lambda d: d["predictor"]["words"].update(combine="__import__"),
        lambda d: d["predictor"]["numbers"].update(depth="3"),
    ],
)
def test_a_changed_document_is_refused(
    change: Callable[[dict[str, Any]], object], trained: dict[str, Trained], tmp_path: Path
) -> None:
    save_model(trained["random_forest"].model, tmp_path)
    _of(tmp_path / PREDICTOR_JSON, change)
    with pytest.raises(CorruptModel):
        load_model(tmp_path)


def test_children_that_point_outside_are_refused(
    trained: dict[str, Trained], tmp_path: Path
) -> None:
    """Numbers changed in place, with a digest that fits."""
    import hashlib

    save_model(trained["random_forest"].model, tmp_path)
    document = json.loads((tmp_path / PREDICTOR_JSON).read_text())
    entry = document["arrays"][document["predictor"]["arrays"]["left"]]
    content = bytearray((tmp_path / PREDICTOR_BIN).read_bytes())
    content[entry["offset"] : entry["offset"] + 4] = (10**6).to_bytes(4, "little")
    (tmp_path / PREDICTOR_BIN).write_bytes(content)
    document["arrays_sha256"] = hashlib.sha256(content).hexdigest()
    (tmp_path / PREDICTOR_JSON).write_text(json.dumps(document))
    with pytest.raises(CorruptModel, match="fit"):
        load_model(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x80\x04.", b"[]", b"{", b"\xff\xfe" * 10])
def test_what_is_no_document_is_refused(
    content: bytes, trained: dict[str, Trained], tmp_path: Path
) -> None:
    save_model(trained["svm"].model, tmp_path)
    (tmp_path / PREDICTOR_JSON).write_bytes(content)
    with pytest.raises(CorruptModel):
        load_model(tmp_path)


def test_a_missing_or_changed_file_is_refused(trained: dict[str, Trained], tmp_path: Path) -> None:
    files = save_model(trained["svm"].model, tmp_path)
    content = (tmp_path / PREDICTOR_BIN).read_bytes()
    (tmp_path / PREDICTOR_BIN).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(CorruptModel, match="digest"):
        load_model(tmp_path)
    (tmp_path / PREDICTOR_BIN).unlink()
    with pytest.raises(CorruptModel, match="cannot be read"):
        load_model(tmp_path)
    (tmp_path / PREDICTOR_BIN).write_bytes(content)
    text = (tmp_path / PREDICTOR_JSON).read_text()
    (tmp_path / PREDICTOR_JSON).write_text(text.replace('"threshold": ', '"threshold":  '))
    with pytest.raises(CorruptModel, match="digest"):
        load_model(tmp_path, files)


def test_an_entry_of_a_repository_is_read_back_and_never_replaced(
    trained: dict[str, Trained], tmp_path: Path
) -> None:
    found = trained["random_forest"]
    folder = tmp_path / "forest" / "1"
    written = write_entry(found.model, found.evaluation, "forest", 1, folder)
    manifest, model = read_entry(folder)
    assert manifest == written
    assert manifest.variants == {}
    assert model.features == found.model.features
    with pytest.raises(VersionExists):
        write_entry(found.model, found.evaluation, "forest", 1, folder)


def test_extra_columns_and_their_order_do_not_matter(trained: dict[str, Trained]) -> None:
    from dataclasses import replace

    model, table = trained["lasso_logistic"].model, breast_cancer(50)
    turned = replace(table, names=table.names[::-1], values=table.values[:, ::-1])
    assert predict(model, turned) == predict(model, table)


def test_missing_columns_are_named(trained: dict[str, Trained]) -> None:
    from dataclasses import replace

    model, table = trained["lasso_logistic"].model, breast_cancer(50)
    renamed = tuple(f"other_{name}" for name in table.names)
    with pytest.raises(InvalidRequest, match=f"lacks .*{model.features[0]}"):
        predict(model, replace(table, names=renamed))


def test_pruned_steps_do_the_same_as_the_whole_chain() -> None:
    from serving.radiomics.modelling.chain import fit_chain
    from serving.radiomics.modelling.prune import pruned_steps
    from serving.radiomics.modelling.steps import apply_steps

    table = breast_cancer(150, gaps=True)
    assert table.outcome is not None
    for selection in ("lasso_cv", "pca", "lasso_cv_pca", "none"):
        settings = quick(preprocessing=steps(selection=selection))
        chain = fit_chain(table, table.outcome, settings, 1)
        cut = apply_steps(
            pruned_steps(chain, len(table.names)), table.values[:, chain.sources], None
        )
        assert np.array_equal(cut, chain.apply(table.values, None))
