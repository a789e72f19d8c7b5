"""Runs a model over a labelled set and keeps what the task's metrics need."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioning.labelled_set import LabelledSet
from provisioning.quantise.elements import Elements, only_input
from provisioning.quantise.request import Task
from provisioning.quantise.tally import Outputs, make_tally
from provisioning.quantise.unit_scores import Scores
from serving.domain.errors import InvalidRequest
from serving.domain.slices import Progress
from serving.engine.runtime import ov


@dataclass(frozen=True, slots=True)
class Predictions:
    """The metrics of one model on one set, and the median time of an element."""

    scores: Scores
    median_ms: float


def compile_model(model: Path | Any, inference_precision: str) -> Any:
    """Compiles an IR or an ov.Model for the CPU. Raises InvalidRequest."""
    hint = {"INFERENCE_PRECISION_HINT": inference_precision}
    try:
        return ov.Core().compile_model(model, "CPU", hint)
    except RuntimeError:
        raise InvalidRequest(
            f"OpenVINO cannot compile the variant for {inference_precision} on this machine"
        ) from None


def predict(
    model: Path, inference_precision: str, labelled: LabelledSet, task: Task, report: Progress
) -> Predictions:
    """Every element of the set, one by one, by the IR at `model`. Raises InvalidRequest."""
    compiled = compile_model(model, inference_precision)
    elements = Elements(labelled, only_input(compiled))
    tally, request = make_tally(task, labelled), compiled.create_infer_request()
    times_s = []
    for index in range(len(elements)):
        element = elements[index]
        started_s = time.perf_counter()
        answer = infer(request, element)
        times_s.append(time.perf_counter() - started_s)
        tally.add(index, answer)
        report((index + 1) / len(elements), f"{labelled.name} {index + 1} of {len(elements)}")
    return Predictions(tally.scores(), round(statistics.median(times_s) * 1000, 3))


def infer(request: Any, element: Any) -> Outputs:
    """One element's outputs by name. Raises InvalidRequest where the model fails on it."""
    try:
        answer = request.infer([element], share_inputs=True)
    except RuntimeError:
        raise InvalidRequest("the model fails on an input of the labelled sets") from None
    return {_name(port, at): value for at, (port, value) in enumerate(answer.items())}


def _name(port: Any, at: int) -> str:
    names = port.get_names()
    wanted = names & {"boxes", "scores", "labels"}
    return str(min(wanted or names, default=f"output {at}"))
