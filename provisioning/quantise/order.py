"""What the quantising process is told."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from provisioning.quantise.request import QuantiseRequest
from serving.domain.manifest import ModelManifest


class QuantiseOrder(BaseModel):
    """A staging folder, what is in it, and what is wanted; paths are absolute."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    manifest: ModelManifest
    request: QuantiseRequest
