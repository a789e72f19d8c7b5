"""What the box serves: exact model versions, the labels on them, the releases that studies run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from serving.domain.disk import replace_whole
from serving.domain.errors import CorruptModel
from serving.domain.manifest import Name
from serving.domain.provenance import Sha256

MODEL_SET_NAME = "model-set.json"
"""In the state directory."""
STABLE = "stable"
"""The label of the version that answers where a request names none."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServedVersion(_Part):
    """A version that every replica holds, pinned to the manifest that was verified."""

    name: Name
    version: Annotated[int, Field(ge=1)]
    manifest_sha256: Sha256
    """Of `model.toml`, which in turn holds the digest of each file."""

    @property
    def key(self) -> tuple[str, int]:
        return self.name, self.version


class Release(_Part):
    """A pipeline, its parameters and the exact model versions that it runs with."""

    name: Name
    version: Annotated[int, Field(ge=1)]
    pipeline: str
    models: dict[str, int]
    """Model name to version."""
    parameters: dict[str, str] = Field(default_factory=dict)

    @property
    def reference(self) -> str:
        """`name@version`, as jobs and results carry it."""
        return f"{self.name}@{self.version}"


class Route(_Part):
    """Which release the studies of a pipeline run, each named by its reference."""

    pipeline: str
    stable: str
    canary: str | None = None
    share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Of the studies, by a stable hash of the study's UID, that go to the canary."""
    callers: tuple[str, ...] = ()
    """Callers whose studies all go to the canary."""
    shadow: str | None = None
    """Sees the studies too, on the batch lane, and answers nobody."""

    @property
    def references(self) -> tuple[str, ...]:
        return tuple(each for each in (self.stable, self.canary, self.shadow) if each)


class ModelSet(_Part):
    """All that serves at one moment; every replica holds the same one.

    A set is valid only where its labels, releases and routes point at what is in it.
    """

    generation: Annotated[int, Field(ge=0)]
    """Grows by one with each switch."""
    versions: tuple[ServedVersion, ...] = ()
    labels: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Model name to label to version; every model has `stable`."""
    releases: tuple[Release, ...] = ()
    routes: tuple[Route, ...] = ()
    numbered: dict[str, int] = Field(default_factory=dict)
    """Release name to the highest number given so far; none is given twice: results name it."""

    @model_validator(mode="after")
    def _whole(self) -> ModelSet:
        keys = self.keys
        _once("version", [f"{version.name} {version.version}" for version in self.versions])
        _once("release", [release.reference for release in self.releases])
        _once("route", [route.pipeline for route in self.routes])
        for name, labels in self.labels.items():
            _all_in(f"a label of {name}", ((name, number) for number in labels.values()), keys)
        for name in {name for name, _ in keys}:
            if self.stable(name) is None:
                raise ValueError(f"no version of {name} is labelled {STABLE}")
        for release in self.releases:
            _all_in(f"release {release.reference}", release.models.items(), keys)
        references = {release.reference: release.pipeline for release in self.releases}
        for route in self.routes:
            if any(references.get(each) != route.pipeline for each in route.references):
                raise ValueError(f"the route of {route.pipeline} names no release of it")
        return self

    @property
    def keys(self) -> frozenset[tuple[str, int]]:
        return frozenset(version.key for version in self.versions)

    @property
    def routed(self) -> frozenset[str]:
        """References of the releases that some route names."""
        return frozenset(each for route in self.routes for each in route.references)

    def stable(self, name: str) -> int | None:
        """The version that answers where none is named; None for a model that is not served."""
        return self.labels.get(name, {}).get(STABLE)

    def release(self, reference: str) -> Release | None:
        """A release by `name@version`."""
        return next((r for r in self.releases if r.reference == reference), None)

    def route(self, pipeline: str) -> Route | None:
        return next((route for route in self.routes if route.pipeline == pipeline), None)


def read_model_set(path: Path) -> ModelSet | None:
    """The committed set; None where there is none yet. Raises CorruptModel."""
    try:
        return ModelSet.model_validate_json(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise CorruptModel(f"{path.name} cannot be read: {type(error).__name__}") from None


def write_model_set(path: Path, model_set: ModelSet) -> None:
    """Commits a set: whole and on the disk once this returns, or not at all.

    The rename is the moment of a switch: a box that dies before it starts with the old set, one
    that dies after it with the new one.
    """
    replace_whole(path, model_set.model_dump_json(indent=2).encode() + b"\n")


def _once(what: str, names: list[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"{what} {twice[0]} is there twice")


def _all_in(what: str, wanted: Iterable[tuple[str, int]], keys: frozenset[tuple[str, int]]) -> None:
    for name, number in wanted:
        if (name, number) not in keys:
            raise ValueError(f"{what} names {name} version {number}, which is not in the set")
