"""The limit that every quantised variant is held to."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MAX_ACCURACY_DROP_POINTS = 0.17
"""Hundredths of the task's metric; the case study's figure for its INT8 mammography network."""


class QuantiseSettings(BaseModel):
    """What a box asks of a quantised variant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_accuracy_drop_points: Annotated[float, Field(gt=0, le=100)] = MAX_ACCURACY_DROP_POINTS
    """The upper 95 % bound of the drop on held-out data must be below it; 1 point is 0.01."""
