"""`timings.json`: where the time of one study went."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

TIMINGS_NAME = "timings.json"


class StudyTimings(BaseModel):
    """Wall seconds of one run; written after the report, which cannot time its own writing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pipeline: str
    pipeline_version: str
    stages_s: dict[str, float]
    """`reading`, `lungs`, `lesions`, `measuring`, `writing`: one after the other."""
    inference_s: float
    """The part of `lesions` during which a network computed."""
    total_s: float
    """From the first stage to the end of the last."""
    lung_slices: int
    """Slices of the study that hold lung, each read by every network."""
