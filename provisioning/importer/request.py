"""What an import is asked to do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from provisioning.description import UNDESCRIBED, ModelDescription
from provisioning.importer.embedding import Embedding
from provisioning.quantise.request import QuantiseRequest
from serving.domain.manifest import Name

EXACT_TOLERANCE = 1e-3
FP16_TOLERANCE = 2e-2


class ImportRequest(BaseModel):
    """Name, description and wishes of whoever imports a model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """None: one above the highest there is."""
    description: ModelDescription = UNDESCRIBED
    embed: Embedding | None = None
    """Preprocessing to build into the graph."""
    inputs: Path | None = None
    """`.npz` with one array per input, as callers will send them; None: generated."""
    shapes: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    """By input name: the shape to time and to generate inputs in, where dimensions are dynamic."""
    tolerance: Annotated[float, Field(gt=0)] | None = None
    """Largest |a - b| / max(1, |b|) between the source framework's outputs and the box's."""
    compress_to_fp16: bool = False
    quantise: QuantiseRequest | None = None

    @property
    def parity_tolerance(self) -> float:
        """The tolerance asked for, else one that fits how weights are stored."""
        return self.tolerance or (FP16_TOLERANCE if self.compress_to_fp16 else EXACT_TOLERANCE)
