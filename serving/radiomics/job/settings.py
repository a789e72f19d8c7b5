"""What an operator can set of radiomics jobs: section `[radiomics]` of `aibox.toml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]


class RadiomicsSettings(BaseModel):
    """Bounds of radiomics jobs; what is None is decided from the machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_folders: tuple[Path, ...] = ()
    """Folders on the box from which manifests may name files (`in_place`); none: refused."""
    max_memory_gb: Annotated[float, Field(ge=0.5)] | None = None
    """GiB that all cases at work together may take; None: half of the machine's memory.

    Each case has an equal share, at least half a GiB: fewer are at work where that is too little.
    A case that needs more than its share is computed alone, with all of it.
    """
    case_timeout_s: Positive = 900.0
    """A case that takes longer than this is a failed case."""
    concurrent_jobs: Annotated[int, Field(ge=1)] = 2
    """Radiomics jobs at work at the same time; they share the batch cores."""
