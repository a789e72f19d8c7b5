"""What the recording process is told, and what it tells."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from serving.domain.manifest import ModelManifest, SelfTest


class SelfTestOrder(BaseModel):
    """A version's folder with the files of `manifest`; paths are absolute."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    manifest: ModelManifest
    inputs: Path | None = None
    """`.npz` with one array for each input, which becomes part of the version; None: generated."""


class Recorded(BaseModel):
    """The self-test, or why there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    self_test: SelfTest | None = None
    reason: str = ""
    left_out: tuple[str, ...] = ()
    """Outputs that the variants answer too differently to be compared."""

    def onto(self, manifest: ModelManifest) -> ModelManifest:
        """The manifest with this self-test, or with none."""
        return manifest.model_copy(update={"self_test": self.self_test})
