"""`aibox zoo`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from appliance.box_config import load_config
from appliance.commands.console import answers, notes, print_json
from appliance.commands.options import ConfigOption, JsonOption, StateOption
from provisioning.zoo.build import BuildRequest, build
from provisioning.zoo.catalogue import ENTRIES, SEED
from provisioning.zoo.entry import ZooEntry
from provisioning.zoo.kept_files import ExportFormat
from serving.domain import slices

commands = typer.Typer(
    help="Networks of random weights for benchmarks.", no_args_is_help=True, add_completion=False
)


@commands.command("list")
def list_networks(as_json: JsonOption = False) -> None:
    """List the networks that `aibox zoo build` can make."""
    if as_json:
        print_json([_row(entry) for entry in ENTRIES])
        return
    table = Table(box=None, pad_edge=False)
    for title in ("network", "architecture", "input", "parameters"):
        table.add_column(title)
    for entry in ENTRIES:
        size = "x".join(str(side) for side in entry.input.example)
        shown = (entry.name, entry.description.architecture, size, f"{entry.parameters:,}")
        table.add_row(*shown)
    answers.print(table)


@commands.command("build")
def build_network(
    name: Annotated[str, typer.Argument(help="One of those that `aibox zoo list` names.")],
    repository: Annotated[
        Path | None, typer.Option(help="Model repository; else that of the state directory.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="What the weights are drawn from.")] = SEED,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="What it is exported to and imported from.")
    ] = ExportFormat.ONNX,
    keep: Annotated[
        Path | None, typer.Option(help="Leave the exported files in NAME/ of this folder.")
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Add an INT8 variant, calibrated on noise.")
    ] = False,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a network with seeded random weights and import it. It serves requests, no study."""
    request = BuildRequest(name, seed, form, keep, int8)
    target = repository or load_config(config, state).state.models
    with _bar(quiet=as_json) as report:
        built = build(request, target, report)
    if as_json:
        print_json({**asdict(built), "version": int(built.folder.name), "name": name})
        return
    answers.print(f"{name} version {built.folder.name} in {built.folder}", soft_wrap=True)
    for written, difference in built.differences.items():
        answers.print(f"largest difference of {written} to torch: {difference:.2g}")


def _row(entry: ZooEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "task": entry.description.task,
        "architecture": entry.description.architecture,
        "input": entry.input.name,
        "shape": entry.input.shape,
        "example_shape": entry.input.example,
        "outputs": entry.outputs,
        "parameters": entry.parameters,
        "published": entry.published,
    }


@contextmanager
def _bar(quiet: bool) -> Iterator[slices.Progress]:
    columns = (TextColumn("{task.description:<32}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeElapsedColumn(), console=notes, disable=quiet) as progress:
        task = progress.add_task("starting", total=1.0)

        def report(done: float, stage: str) -> None:
            progress.update(task, completed=done, description=stage)

        yield report
