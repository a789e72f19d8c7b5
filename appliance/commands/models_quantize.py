"""`aibox models quantize`: a new version with an INT8 variant that was judged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from appliance.box_config import load_config, repositories
from appliance.commands.console import answers, notes, print_json
from appliance.commands.model_versions import find_version, next_number
from appliance.commands.options import ConfigOption, JsonOption, StateOption
from provisioning.quantise.new_version import quantise_version
from provisioning.quantise.request import QuantiseRequest, Task
from provisioning.quantise.settings import MAX_ACCURACY_DROP_POINTS
from serving.domain import slices
from serving.domain.errors import InvalidRequest
from serving.domain.manifest import ModelManifest, read_manifest
from serving.domain.provenance import Rung


def quantize(
    name: Annotated[str, typer.Argument(help="Name of the model.")],
    calibration: Annotated[Path, typer.Option(help=".npz of inputs to take ranges from.")],
    version: Annotated[int | None, typer.Option(min=1, help="Else the highest.")] = None,
    validation: Annotated[
        Path | None, typer.Option(help=".npz of labelled inputs to search on.")
    ] = None,
    held_out: Annotated[
        Path | None, typer.Option(help=".npz of labelled inputs for the verdict alone.")
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="segmentation, detection or classification.")
    ] = None,
    max_accuracy_drop: Annotated[
        float, typer.Option(help="Points that a variant may lose at most; 1 point is 0.01.")
    ] = MAX_ACCURACY_DROP_POINTS,
    repository: Annotated[
        Path | None, typer.Option(help="Model repository; else that of the state directory.")
    ] = None,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a new version of a model with an INT8 variant, kept only where it holds the limit."""
    chosen = load_config(config, state)
    request = _request(calibration, validation, held_out, task, max_accuracy_drop)
    target = repository or chosen.state.models
    places = (*repositories(chosen), target)
    source = find_version(places, name, version)
    with _bar(quiet=as_json) as report:
        folder = quantise_version(source, next_number(places, name), request, target, report)
    made = read_manifest(folder)
    if as_json:
        print_json({**made.model_dump(mode="json"), "folder": str(folder)})
    else:
        _print(made, folder)


def _request(
    calibration: Path,
    validation: Path | None,
    held_out: Path | None,
    task: str | None,
    max_accuracy_drop: float,
) -> QuantiseRequest:
    """Raises InvalidRequest."""
    known: tuple[Task, ...] = get_args(Task)
    if task is not None and task not in known:
        raise InvalidRequest(f"--task is one of {', '.join(known)}")
    if not 0 < max_accuracy_drop <= 100:
        raise InvalidRequest("--max-accuracy-drop is in points, above 0 and at most 100")
    return QuantiseRequest(
        calibration=calibration,
        validation=validation,
        held_out=held_out,
        task=next((each for each in known if each == task), None),
        max_accuracy_drop_points=max_accuracy_drop,
    )


@contextmanager
def _bar(quiet: bool) -> Iterator[slices.Progress]:
    columns = (TextColumn("{task.description:<60}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeElapsedColumn(), console=notes, disable=quiet) as progress:
        task = progress.add_task("quantising", total=1.0)

        def report(share: float, stage: str) -> None:
            progress.update(task, completed=share, description=stage)

        yield report


def _print(made: ModelManifest, folder: Path) -> None:
    assert made.quantisation is not None, "it was just quantised"
    answers.print(_table(made.quantisation.rungs))
    for number, rung in enumerate(made.quantisation.rungs, start=1):
        answers.print(f"{number} {rung.name}: {rung.reason}", soft_wrap=True, markup=False)
    answers.print(f"held-out data: {made.quantisation.held_out}", soft_wrap=True, markup=False)
    answers.print(
        f"{made.name} version {made.version} in {folder}; served by default: "
        f"{made.default_variant}",
        soft_wrap=True,
        markup=False,
    )


def _table(rungs: tuple[Rung, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    titles = ("", "variant", "drop on validation", "drop on held-out", "up to", "median", "verdict")
    for title in titles:
        table.add_column(title)
    for number, rung in enumerate(rungs, start=1):
        worst = max(rung.gates, key=lambda gate: gate.upper_points, default=None)
        table.add_row(
            str(number),
            rung.name,
            _points(rung.drop_on_validation_points),
            _points(worst.drop_points if worst else None),
            _points(worst.upper_points if worst else None),
            f"{rung.median_ms:.1f} ms" if rung.median_ms is not None else "",
            "kept" if rung.kept else "refused",
        )
    return table


def _points(value: float | None) -> str:
    return "" if value is None else f"{value:+.2f} points"
