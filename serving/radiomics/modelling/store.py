"""A trained model in a folder: `predictor.json` and `predictor.bin`, no pickle.

skops was tried and not taken: it keeps scikit-learn's objects, whose trees it can only rebuild by
a compiled class that a reader would have to trust, and which fit one version of scikit-learn.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from serving.domain.errors import CorruptModel
from serving.domain.manifest import ModelFile
from serving.domain.provenance import Sha256
from serving.radiomics.modelling.array_file import MOST_BYTES, ArrayEntry, ArrayWriter, read_array
from serving.radiomics.modelling.encoding import Record, decode, encode
from serving.radiomics.modelling.predictors import Predictor
from serving.radiomics.modelling.soundness import check_predictor, check_steps
from serving.radiomics.modelling.steps import Step
from serving.radiomics.modelling.trained_model import ModelFacts, TrainedModel

PREDICTOR_JSON = "predictor.json"
PREDICTOR_BIN = "predictor.bin"
_MOST_JSON_BYTES = 64 << 20


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["aibox.radiomics.predictor/1"]
    kind: Literal["binary", "survival"]
    features: tuple[str, ...]
    inputs: tuple[str, ...]
    classes: tuple[str, str]
    threshold: float
    steps: tuple[Record, ...]
    predictor: Record
    arrays: tuple[ArrayEntry, ...]
    arrays_sha256: Sha256
    facts: ModelFacts


def save_model(model: TrainedModel, folder: Path) -> tuple[ModelFile, ...]:
    """Writes the model's two files into `folder`, made where it is missing.

    Returns them with their digests, as a manifest lists them. The same model gives the same bytes.
    """
    writer = ArrayWriter()
    steps = tuple(encode(step, writer) for step in model.steps)
    predictor = encode(model.predictor, writer)
    document = _Document(
        format="aibox.radiomics.predictor/1",
        kind=model.kind,
        features=model.features,
        inputs=model.inputs,
        classes=model.classes,
        threshold=model.threshold,
        steps=steps,
        predictor=predictor,
        arrays=tuple(writer.entries),
        arrays_sha256=hashlib.sha256(writer.content).hexdigest(),
        facts=model.facts,
    )
    folder.mkdir(parents=True, exist_ok=True)
    return (
        _write(folder, PREDICTOR_BIN, writer.content),
        _write(folder, PREDICTOR_JSON, document.model_dump_json(indent=1).encode()),
    )


def load_model(folder: Path, files: tuple[ModelFile, ...] = ()) -> TrainedModel:
    """The model that `save_model` wrote; its predictions are the same to the bit.

    `files` are the manifest's entries: digests of what is listed there are compared. Raises
    CorruptModel for whatever is missing, changed, or of a kind that is not on the list.
    """
    expected = {Path(file.path).name: file.sha256 for file in files}
    text = _read(folder / PREDICTOR_JSON, _MOST_JSON_BYTES, expected.get(PREDICTOR_JSON))
    try:
        document = _Document.model_validate_json(text)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"][:2])
        raise CorruptModel(
            f"{PREDICTOR_JSON} is not a stored model of this version (at {where or 'its start'})"
        ) from None
    content = _read(folder / PREDICTOR_BIN, MOST_BYTES, document.arrays_sha256)
    return _rebuilt(document, content)


def _rebuilt(document: _Document, content: bytes) -> TrainedModel:
    arrays = [read_array(content, entry) for entry in document.arrays]
    steps: list[Step] = []
    for record in document.steps:
        step = decode(record, arrays)
        if not isinstance(step, Step):
            raise CorruptModel("the stored model has a predictor where a step belongs")
        steps.append(step)
    predictor = decode(document.predictor, arrays)
    if not isinstance(predictor, get_args(Predictor)):
        raise CorruptModel("the stored model has a step where its predictor belongs")
    inputs = check_steps(steps, len(document.features))
    if inputs != len(document.inputs):
        raise CorruptModel("the stored model names more or fewer inputs than its steps make")
    check_predictor(predictor, inputs)
    return TrainedModel(
        features=document.features,
        steps=tuple(steps),
        inputs=document.inputs,
        predictor=predictor,
        threshold=document.threshold,
        kind=document.kind,
        classes=document.classes,
        facts=document.facts,
    )


def _write(folder: Path, name: str, content: bytes) -> ModelFile:
    part = folder / f"{name}.part"
    part.write_bytes(content)
    part.replace(folder / name)
    return ModelFile(path=name, sha256=hashlib.sha256(content).hexdigest())


def _read(path: Path, most: int, sha256: str | None) -> bytes:
    try:
        if path.stat().st_size > most:
            raise CorruptModel(f"{path.name} is larger than a stored model can be")
        content = path.read_bytes()
    except OSError as error:
        raise CorruptModel(f"{path.name} cannot be read: {type(error).__name__}") from None
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise CorruptModel(f"{path.name} differs from its digest; import the model again")
    return content
