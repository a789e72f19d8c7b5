"""Export a network of the catalogue and check each file against torch."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from provisioning.importer.parity import largest_difference
from provisioning.zoo.catalogue import example_inputs, load_eager
from provisioning.zoo.entry import ZooEntry
from provisioning.zoo.kept_files import ExportFormat, KeptFiles
from provisioning.zoo.onnx_file import run_onnx, write_onnx
from provisioning.zoo.program_file import run_eager, run_program, trace, write_program
from serving.domain.errors import CorruptModel
from serving.domain.slices import Progress

TOLERANCE = 1e-4
"""Largest |a - b| / max(1, |b|) to torch eager over all outputs, in FP32."""
APART = 1e-4
"""Scores of a detector's answers that are nearer than this may change places by rounding."""
INPUT_TRIES = 10

_RUNS: dict[ExportFormat, Callable[[Path, dict[str, NDArray[Any]]], list[NDArray[Any]]]] = {
    ExportFormat.ONNX: run_onnx,
    ExportFormat.PT2: run_program,
}


def export(
    entry: ZooEntry,
    seed: int,
    formats: Sequence[ExportFormat],
    files: KeptFiles,
    report: Progress,
) -> dict[ExportFormat, float]:
    """Writes the network in `formats` and an input beside it; returns the differences to torch.

    Raises CorruptModel where a file does not compute what torch does.
    """
    report(0.0, "building the network")
    network = load_eager(entry.name, seed)
    report(0.2, "running it in torch")
    inputs, wanted = steady_inputs(entry, network, seed)
    files.write_inputs(inputs)
    report(0.3, "tracing its graph")
    _write(entry, network, seed, formats, files, report)
    found = {}
    for form in formats:
        report(0.9, f"comparing {form.value} with torch")
        found[form] = _parity(entry, form, files.model(form), inputs, wanted)
    return found


def steady_inputs(
    entry: ZooEntry, network: nn.Module, seed: int
) -> tuple[dict[str, NDArray[Any]], list[NDArray[Any]]]:
    """An input and torch's outputs, which for a detector stand in an order rounding cannot change.

    A detector lists answers by score: where two are as good as equal, two correct runtimes may
    list them in either order, and a comparison of rows would say nothing.
    """
    for attempt in range(INPUT_TRIES):
        inputs = example_inputs(entry.name, seed + attempt)
        outputs = run_eager(network, inputs)
        if "scores" not in entry.outputs or _apart(outputs[entry.outputs.index("scores")]):
            return inputs, outputs
    raise CorruptModel(f"{entry.name} with seed {seed} ranks its answers by rounding; try another")


def _apart(scores: NDArray[Any]) -> bool:
    answered = scores[scores > 0]
    return bool(len(answered) > 1 and -np.diff(answered).max() > APART)


def _write(
    entry: ZooEntry,
    network: nn.Module,
    seed: int,
    formats: Sequence[ExportFormat],
    files: KeptFiles,
    report: Progress,
) -> None:
    program = trace(entry, network, seed)
    for form in formats:
        report(0.6, f"writing {form.value}")
        if form is ExportFormat.PT2:
            write_program(program, files.model(form))
        else:
            write_onnx(entry, program, files.model(form))


def _parity(
    entry: ZooEntry,
    form: ExportFormat,
    path: Path,
    inputs: dict[str, NDArray[Any]],
    wanted: list[NDArray[Any]],
) -> float:
    difference = largest_difference(wanted, _RUNS[form](path, inputs), entry.outputs)
    if difference > TOLERANCE:
        raise CorruptModel(
            f"{entry.name} as {form.value} differs from torch by {difference:.2g}, over the "
            f"tolerance of {TOLERANCE:g}; nothing was imported"
        )
    return difference
