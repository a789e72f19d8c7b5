"""What every way of quantising works with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from provisioning.labelled_set import LabelledSet
from provisioning.quantise.effort import Effort
from provisioning.quantise.request import Task
from provisioning.quantise.simplify import simplify
from provisioning.quantise.unit_scores import Scores
from serving.domain.slices import Progress
from serving.engine.runtime import ov

REFERENCE_HINT = "f32"


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
    hints: tuple[str, ...] = (REFERENCE_HINT,)
    """Precisions to try for the layers that are not INT8, the fastest first."""

    def read(self) -> Any:
        """A fresh ov.Model of the FP32 IR, with what is constant in it computed."""
        return simplify(ov.Core().read_model(self.fp32))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A quantised model, not yet judged."""

    rung: str
    """int8_ptq, int8_accuracy_control or int8_mixed."""
    how: str
    """What was done, in words."""
    model: Any
    """ov.Model."""
    hint: str = REFERENCE_HINT
    """INFERENCE_PRECISION_HINT of the layers that are not INT8."""

    def under(self, hints: Sequence[str]) -> Iterator[Candidate]:
        """The same model with its other layers in each of these precisions, one after another."""
        for hint in hints:
            yield replace(self, how=f"{self.how}, the rest in {hint}", hint=hint)


RungKind = Callable[[Workbench, Progress], Iterator[Candidate]]
"""Makes one candidate after the other, each only when asked for the next; raises InvalidRequest."""
