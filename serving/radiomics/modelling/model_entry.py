"""A trained model as a version of a model repository, like any other."""

from __future__ import annotations

from pathlib import Path

import tomli_w

from serving.domain.errors import InvalidRequest, VersionExists
from serving.domain.manifest import (
    MANIFEST_NAME,
    ModelFile,
    ModelManifest,
    TensorEntry,
    Training,
    Variant,
    read_manifest,
)
from serving.domain.tensor import Datatype
from serving.radiomics.modelling.evaluation import Evaluation
from serving.radiomics.modelling.linear_form import LinearForm, linear_form
from serving.radiomics.modelling.linear_ir import INPUT, IR_XML, OUTPUTS, write_linear_ir
from serving.radiomics.modelling.store import load_model, save_model
from serving.radiomics.modelling.trained_model import TrainedModel

_HEAD = "# Written by `aibox radiomics train`; every digest and figure in it was measured.\n"
_VARIANT = "fp32"


def write_entry(
    model: TrainedModel, evaluation: Evaluation, name: str, version: int, folder: Path
) -> ModelManifest:
    """Writes the version into `folder` (`<name>/<version>`): predictor, IR if linear, manifest.

    The manifest comes last, so a folder without one is no version. Raises VersionExists where
    there is one.
    """
    if (folder / MANIFEST_NAME).exists():
        raise VersionExists(f"model {name} has a version {version}; give another version")
    predictor = save_model(model, folder)
    form = linear_form(model)
    variants = (
        {} if form is None else {_VARIANT: _variant(write_linear_ir(form, folder), evaluation)}
    )
    manifest = ModelManifest(
        name=name,
        version=version,
        task=_task(model),
        architecture=f"{model.facts.chosen} on {len(model.features)} radiomics features",
        intended_use="Research. No clinical use: it was judged on the cohort that it was made of.",
        inputs=_inputs(model),
        outputs=_outputs(model, form),
        training=_training(model, evaluation),
        default_variant=_VARIANT if variants else "",
        variants=variants,
        predictor=predictor,
    )
    body = manifest.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    body.setdefault("variants", {})
    part = folder / f"{MANIFEST_NAME}.part"
    part.write_text(_HEAD + tomli_w.dumps(body), "utf-8")
    part.replace(folder / MANIFEST_NAME)
    return manifest


def read_entry(folder: Path) -> tuple[ModelManifest, TrainedModel]:
    """The model of a version's folder, its files compared with the manifest's digests.

    Raises CorruptModel, and InvalidRequest for a model that is none of a radiomics training.
    """
    manifest = read_manifest(folder)
    if not manifest.predictor:
        raise InvalidRequest(
            f"model {manifest.name} version {manifest.version} was not trained on features; "
            "predict with one that was"
        )
    return manifest, load_model(folder, manifest.predictor)


def _variant(files: tuple[ModelFile, ...], evaluation: Evaluation) -> Variant:
    metrics: dict[str, float] = {}
    if evaluation.binary is not None:
        metrics = {
            "auc": evaluation.binary.auc_delong.value,
            "auc_low": evaluation.binary.auc_delong.low,
            "auc_high": evaluation.binary.auc_delong.high,
            "brier": evaluation.binary.brier.value,
        }
    elif evaluation.survival is not None:
        metrics = {"concordance": evaluation.survival.concordance.value}
    return Variant(model=IR_XML, inference_precision="f32", files=files, metrics=metrics)


def _task(model: TrainedModel) -> str:
    if model.kind == "survival":
        return "risk of an event over time, from radiomics features"
    return f"probability of {model.classes[1]} against {model.classes[0]}, from radiomics features"


def _inputs(model: TrainedModel) -> tuple[TensorEntry, ...]:
    meaning = "in this order, NaN where missing: " + ", ".join(model.features)
    shape = (-1, len(model.features))
    return (TensorEntry(name=INPUT, datatype=Datatype.FP32, shape=shape, meaning=meaning),)


def _outputs(model: TrainedModel, form: LinearForm | None) -> tuple[TensorEntry, ...]:
    link = "identity" if model.kind == "survival" else "logistic"
    name = OUTPUTS[link if form is None else form.link]
    above = f"called {model.classes[1]} from {model.threshold:.6g} on"
    meaning = f"{name.replace('_', ' ')}; {above}"
    return (TensorEntry(name=name, datatype=Datatype.FP32, shape=(-1, 1), meaning=meaning),)


def _training(model: TrainedModel, evaluation: Evaluation) -> Training:
    return Training(
        data=f"{model.facts.cases} cases of the site, table sha256 {model.facts.table_digest}",
        licence="not stated: the cohort belongs to who gave it",
        split=(
            f"nested cross-validation, {evaluation.repeats} x {evaluation.outer_folds} outer and "
            f"{evaluation.inner_folds} inner folds; refitted to all cases"
        ),
        recipe=f"aibox radiomics train, settings {model.facts.settings_digest}",
    )
