"""What somebody who wants an INT8 variant gives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from provisioning.quantise.settings import MAX_ACCURACY_DROP_POINTS

Task = Literal["segmentation", "detection", "classification"]


class QuantiseRequest(BaseModel):
    """Three labelled sets (`.npz`, see `provisioning.labelled_set`) that share no case.

    Without a task only the calibration set is used: the INT8 variant is made, judged by nothing,
    and not served by default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    calibration: Path
    """Inputs from which the ranges of activations are taken; its labels are not used."""
    validation: Path | None = None
    """Labelled inputs for the search among variants."""
    held_out: Path | None = None
    """Labelled inputs for the verdict alone."""
    task: Task | None = None
    max_accuracy_drop_points: Annotated[float, Field(gt=0, le=100)] = MAX_ACCURACY_DROP_POINTS
