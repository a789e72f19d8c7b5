"""What every way of quantising works with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioning.labelled_set import LabelledSet
from provisioning.quantise.effort import Effort
from provisioning.quantise.request import Task
from provisioning.quantise.unit_scores import Scores
from serving.domain.slices import Progress
from serving.engine.runtime import ov


@dataclass(frozen=True, slots=True)
class Search:
    """The labelled data that a rung may search on, and what FP32 scores on it."""

    task: Task
    validation: LabelledSet
    reference: Scores


@dataclass(frozen=True, slots=True)
class Workbench:
    """The FP32 model, calibration data, and the data of the search where there is any."""

    fp32: Path
    calibration: LabelledSet
    search: Search | None = None
    effort: Effort = field(default_factory=Effort)

    def read(self) -> Any:
        """A fresh ov.Model of the FP32 IR."""
        return ov.Core().read_model(self.fp32)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A quantised model, not yet judged."""

    rung: str
    """int8_ptq, int8_accuracy_control or int8_mixed."""
    how: str
    """What was done, in words."""
    model: Any
    """ov.Model."""


RungKind = Callable[[Workbench, Progress], Iterator[Candidate]]
"""Makes one candidate after the other, each only when asked for the next; raises InvalidRequest."""
