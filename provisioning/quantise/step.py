"""Quantisation as a step for a process of its own."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from provisioning.quantise.add import add_int8
from provisioning.quantise.request import QuantiseRequest
from serving.domain.manifest import ModelManifest
from serving.domain.slices import Progress


class QuantiseOrder(BaseModel):
    """What the step is told: a staging folder, what is in it, and what is wanted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    manifest: ModelManifest
    request: QuantiseRequest


def quantise(arguments: QuantiseOrder, report: Progress) -> ModelManifest:
    """`add_int8` in this process. Raises InvalidRequest."""
    return add_int8(arguments.folder, arguments.manifest, arguments.request, report)
