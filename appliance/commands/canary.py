"""`aibox canary`: a release that some studies run, against the stable one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from appliance.admin.views.comparison_view import ComparisonView
from appliance.commands.admin_connection import AdminOption, connect_admin
from appliance.commands.console import answers, print_json
from appliance.commands.operation_view import follow
from appliance.commands.options import JsonOption, StateOption
from appliance.commands.releases import ReferenceArgument

commands = typer.Typer(
    help="Try a release on some studies.", no_args_is_help=True, add_completion=False
)
PipelineArgument = Annotated[str, typer.Argument(help="The pipeline, as `chest_ct`.")]
PipelineOption = Annotated[
    str | None, typer.Option(help="Else the pipeline of the release's name.")
]


@commands.command()
def start(
    release: ReferenceArgument,
    share: Annotated[float, typer.Option(min=0, max=1, help="Of all studies.")] = 0.0,
    callers: Annotated[
        list[str] | None, typer.Option("--caller", help="A token whose studies all run it.")
    ] = None,
    pipeline: PipelineOption = None,
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a share of the studies, or those of some callers, run a release."""
    chosen = pipeline or pipeline_of(release)
    with connect_admin(admin, state) as client:
        follow(client, client.start_canary(chosen, release, share, callers or ()), as_json)


@commands.command()
def stop(
    pipeline: PipelineArgument,
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let all studies run the stable release again."""
    with connect_admin(admin, state) as client:
        follow(client, client.stop_canary(pipeline), as_json)


@commands.command()
def show(
    pipeline: PipelineArgument,
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare canary and shadow with the stable release, over the studies that both have read."""
    with connect_admin(admin, state) as client:
        found = client.comparisons(pipeline)
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
    elif not found:
        answers.print(f"{pipeline} has neither a canary nor a shadow")
    else:
        answers.print(_table(found))
        for each in found:
            verdict = each.verdict
            answers.print(f"{each.role}: {verdict.decision}, {verdict.reason}", soft_wrap=True)


def pipeline_of(release: str) -> str:
    """Where nobody says otherwise, releases are called as their pipeline."""
    return release.partition("@")[0]


def _table(found: Sequence[ComparisonView]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("", "release", "against", "studies", "errors", "median s", "Dice", "severity"):
        table.add_column(title, justify="left" if title in ("", "release", "against") else "right")
    for each in found:
        told = each.summary
        ours, theirs = told.candidate, told.baseline
        table.add_row(
            each.role,
            Text(ours.release),
            Text(theirs.release),
            str(told.studies),
            f"{ours.errors} / {theirs.errors}",
            f"{_number(ours.median_s, 1)} / {_number(theirs.median_s, 1)}",
            _number(told.dice_median, 3),
            f"{told.severity_changes} of {told.compared} changed",
        )
    return table


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
