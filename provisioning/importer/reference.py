"""What a step that runs a source framework is told, and what it answers."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel


class ReferenceOrder(BaseModel):
    """Run `source` on the arrays of `inputs`, in order; write the outputs into `outputs`."""

    source: Path
    inputs: Path
    outputs: Path
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    """As the served graph calls them."""


class ReferenceRun(BaseModel):
    """Who ran it."""

    framework: str
    """With its version, as `onnxruntime 1.32.0`."""
