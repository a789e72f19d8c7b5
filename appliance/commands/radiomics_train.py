"""`aibox radiomics train`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from appliance.commands.infer import Priority, PriorityOption
from appliance.commands.options import AddressOption, JsonOption, StateOption
from appliance.commands.radiomics_job import run_into, tell_results
from appliance.commands.radiomics_table import JobOption, TableArgument, table_source
from appliance.commands.settings_toml import settings_json


def train(
    name: Annotated[str, typer.Option(help="Name of the model; each training is a new version.")],
    out: Annotated[Path, typer.Option(help="Folder for the report and the results.")],
    table: TableArgument = None,
    job: JobOption = "",
    outcome: Annotated[str, typer.Option(help="Column with two classes.")] = "",
    positive: Annotated[str, typer.Option(help="The value of --outcome that is the event.")] = "",
    time: Annotated[str, typer.Option(help="Column of times to event (Cox).")] = "",
    event: Annotated[str, typer.Option(help="Column that is 1 where the event came.")] = "",
    group: Annotated[str, typer.Option(help="Column; one group is never split by folds.")] = "",
    centre: Annotated[str, typer.Option(help="Column of centres, for ComBat.")] = "",
    settings: Annotated[
        Path | None, typer.Option(exists=True, help="TOML of the training's settings.")
    ] = None,
    priority: PriorityOption = Priority.BATCH,
    address: AddressOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train and validate a model over a feature table, and store it on the box.

    Exit 0 when done, 1 when the job failed, 2 on wrong usage.
    """
    source = table_source(table, job)
    chosen = json.loads(settings_json(settings) or "{}")
    outcomes = _outcome(outcome, positive, time, event)
    given = json.dumps(_with_columns(chosen, outcomes, group, centre))
    done, folder = run_into(
        out,
        lambda client, options: client.radiomics.train(
            source, name=name, settings_json=given, options=options
        ),
        priority.lane,
        (address, state),
        quiet=as_json,
    )
    tell_results(done, folder, f"report in {folder / 'report.html'}", as_json)


def _outcome(outcome: str, positive: str, time: str, event: str) -> dict[str, str]:
    """The part `columns.outcome` of the settings; empty where no option names a column."""
    if outcome and (time or event):
        raise typer.BadParameter("give --outcome, or --time with --event", param_hint="--outcome")
    if bool(time) != bool(event):
        raise typer.BadParameter("--time and --event go together", param_hint="--time")
    if time:
        return {"kind": "survival", "time": time, "event": event}
    label = {"label": outcome} if outcome else {}
    return {"kind": "binary", **label, **({"positive": positive} if positive else {})}


def _with_columns(
    settings: dict[str, Any], outcome: dict[str, str], group: str, centre: str
) -> dict[str, Any]:
    """The settings with what the options say of columns; options go before the file."""
    columns = dict(settings.get("columns", {}))
    if len(outcome) > 1:
        columns["outcome"] = outcome
    columns.update({key: value for key, value in (("group", group), ("centre", centre)) if value})
    cox = {"models": ["cox"]} if outcome["kind"] == "survival" else {}
    return {**cox, **settings, "columns": columns}
