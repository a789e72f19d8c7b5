"""What the registry knows of one model version."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from appliance.registry.version_state import VersionState
from serving.domain.model_set import ServedVersion
from serving.engine.catalog import ModelVersion

Key = tuple[str, int]


class Origin(StrEnum):
    """How a version came to the box."""

    PRODUCT = "product"
    """With the software: in one of the repositories of the settings."""
    IMPORTED = "imported"
    """Into the state directory: by an import, a bundle or a training."""


@dataclass(frozen=True, slots=True)
class FoundVersion:
    """A version as it lies on the disk now."""

    name: str
    version: int
    manifest_sha256: str
    folder: Path
    origin: Origin
    servable: bool
    """Whether the engine can run it; what has a predictor alone is applied by Predict."""

    @property
    def key(self) -> Key:
        return self.name, self.version

    @classmethod
    def of(cls, version: ModelVersion, origin: Origin) -> FoundVersion:
        servable = bool(version.manifest.variants)
        return cls(*version.key, version.manifest_sha256, version.folder, origin, servable)


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """A registered version; `revision` grows with every change and guards the next one."""

    name: str
    version: int
    state: VersionState
    manifest_sha256: str
    """Of `model.toml` when it was registered."""
    folder: Path
    origin: Origin
    servable: bool
    reason: str
    """Why it is not further than it is, in one sentence; empty where nothing went wrong."""
    revision: int
    changed_at_s: float
    """Seconds since the epoch."""

    @property
    def key(self) -> Key:
        return self.name, self.version

    @property
    def served(self) -> ServedVersion:
        """As a set pins it."""
        return ServedVersion(
            name=self.name, version=self.version, manifest_sha256=self.manifest_sha256
        )
