"""`model.toml`: what a model version says of itself. One folder: `<model>/<int version>/`."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from serving.domain.errors import CorruptModel
from serving.domain.provenance import AccuracyGate, Quantisation, Sha256, Source, Speed
from serving.domain.tensor import Datatype

MANIFEST_NAME = "model.toml"
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TensorEntry(_Part):
    """One input or output; -1 in `shape` is a dynamic dimension."""

    name: str
    datatype: Datatype
    shape: tuple[int, ...]
    meaning: str
    units: str = "1"


class CodedLabel(_Part):
    """A value in an output and the coded term for it (SNOMED CT, RadLex)."""

    value: int
    meaning: str
    scheme: str = ""
    code: str = ""


class Preprocessing(_Part):
    """What the caller does to an image before the model sees it."""

    orientation: str = "LPS"
    """Axes of the slices given to the model: rows to posterior, columns to left, slices to head."""
    rows: int
    columns: int
    units: str = "HU"
    window_hu: tuple[float, float] | None = None
    """Applied inside the graph when given; callers send unclipped values."""
    frames: tuple[tuple[int, int], ...] = ()
    """Smaller (rows, columns) that the model takes too: crops at the same pixel spacing."""


class ModelFile(_Part):
    """A file of the version, relative to its folder, with its digest."""

    path: str
    sha256: Sha256

    @model_validator(mode="after")
    def _stays_inside(self) -> ModelFile:
        parts = PurePosixPath(self.path)
        if parts.is_absolute() or ".." in parts.parts or not parts.parts:
            raise ValueError("a model file's path stays inside its version's folder")
        return self


class Variant(_Part):
    """One way to run the model: an IR and the precision it is compiled for."""

    model: str
    """Path of the IR's xml, one of `files`."""
    inference_precision: str
    """INFERENCE_PRECISION_HINT: f32, bf16 (an INT8 IR states the precision of its other layers)."""
    files: tuple[ModelFile, ...]
    metrics: dict[str, float] = Field(default_factory=dict)
    gates: tuple[AccuracyGate, ...] = ()
    """Verdicts against the FP32 variant; empty where no data was given to judge by."""
    speed: Speed | None = None

    @property
    def promotable(self) -> bool:
        """Whether no gate refused it."""
        return all(gate.holds for gate in self.gates)


class SelfTest(_Part):
    """Inputs and the outputs that they gave, as `.npz` by tensor name; run at every load."""

    inputs: ModelFile
    outputs: ModelFile
    tolerance: Annotated[float, Field(gt=0)] = 0.02
    """Mean absolute difference allowed, over the mean absolute deviation of the output."""
    tolerances: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    """By variant, where another is allowed."""


class Training(_Part):
    """Where the weights come from."""

    data: str
    licence: str
    split: str
    recipe: str
    trained: bool = True
    """False for a benchmark network of random weights: it answers requests, but no study."""


class ModelManifest(_Part):
    """A model version. `default_variant` names what is served unless a request asks otherwise.

    A model that the engine cannot run (trees, support vectors) has a `predictor` and no variant.
    """

    name: Name
    version: Annotated[int, Field(ge=1)]
    task: str
    architecture: str
    intended_use: str
    disclaimer: str = "Not a medical device."
    inputs: tuple[TensorEntry, ...]
    outputs: tuple[TensorEntry, ...]
    preprocessing: Preprocessing | None = None
    labels: tuple[CodedLabel, ...] = ()
    training: Training | None = None
    source: Source | None = None
    quantisation: Quantisation | None = None
    default_variant: str
    variants: dict[str, Variant]
    self_test: SelfTest | None = None
    predictor: tuple[ModelFile, ...] = ()
    """Files of a model over features, which `RadiomicsService.Predict` applies."""

    @model_validator(mode="after")
    def _default_exists(self) -> ModelManifest:
        if self.predictor and not self.variants and not self.default_variant:
            return self
        if self.default_variant not in self.variants:
            raise ValueError("default_variant names none of the variants")
        if not self.variants[self.default_variant].promotable:
            raise ValueError("default_variant loses more accuracy than its gate allows")
        return self

    @property
    def trained(self) -> bool:
        """Whether its weights were learned, as far as the manifest says."""
        return self.training is None or self.training.trained

    def digest(self, variant: str) -> str:
        """sha256 over the sorted `path sha256` lines of one variant's files."""
        lines = sorted(f"{f.path} {f.sha256}" for f in self.variants[variant].files)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_manifest(folder: Path) -> ModelManifest:
    """The manifest in a version's folder. Raises CorruptModel with one sentence."""
    path = folder / MANIFEST_NAME
    try:
        manifest = ModelManifest.model_validate(tomllib.loads(path.read_text("utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CorruptModel(f"{MANIFEST_NAME} is not valid at {where}: {first['msg']}") from error
    except (OSError, ValueError, RecursionError) as error:  # hostile TOML raises any of them
        raise CorruptModel(f"{MANIFEST_NAME} cannot be read: {type(error).__name__}") from error
    if (folder.parent.name, folder.name) != (manifest.name, str(manifest.version)):
        raise CorruptModel(f"{MANIFEST_NAME} names another model or version than its folder")
    return manifest
