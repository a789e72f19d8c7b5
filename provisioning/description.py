"""`description.toml`: what a vendor says of a network that no file format can carry."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serving.domain.errors import InvalidRequest
from serving.domain.manifest import CodedLabel, Preprocessing, Training


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TensorMeaning(_Part):
    """What an input or output holds."""

    meaning: str
    units: str = "1"


class ModelDescription(_Part):
    """The parts of a manifest that its author writes; the rest of it is measured."""

    task: str
    architecture: str
    intended_use: str
    disclaimer: str = "Not a medical device."
    tensors: dict[str, TensorMeaning] = Field(default_factory=dict)
    """By name of the input or output."""
    preprocessing: Preprocessing | None = None
    labels: tuple[CodedLabel, ...] = ()
    training: Training | None = None


UNDESCRIBED = ModelDescription(
    task="not stated", architecture="not stated", intended_use="Not stated: no clinical use."
)


def read_description(path: Path) -> ModelDescription:
    """Reads `description.toml`. Raises InvalidRequest with one sentence that names the field."""
    try:
        return ModelDescription.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidRequest(f"{path.name} cannot be read: {type(error).__name__}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(f"{path.name} is not valid at {where}: {first['msg']}") from error
