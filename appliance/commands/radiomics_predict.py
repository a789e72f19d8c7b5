"""`aibox radiomics predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from appliance.commands.infer import Priority, PriorityOption
from appliance.commands.options import AddressOption, JsonOption, StateOption
from appliance.commands.radiomics_job import run_into, tell_results
from appliance.commands.radiomics_table import JobOption, TableArgument, table_source


def predict(
    name: Annotated[str, typer.Option(help="Name of the model.")],
    out: Annotated[Path, typer.Option(help="Folder for the predictions.")],
    table: TableArgument = None,
    job: JobOption = "",
    version: Annotated[int, typer.Option(min=0, help="Version of the model; 0: newest.")] = 0,
    priority: PriorityOption = Priority.BATCH,
    address: AddressOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Apply a model of this box to a feature table.

    Exit 0 when done, 1 when the job failed, 2 on wrong usage.
    """
    source = table_source(table, job)
    done, folder = run_into(
        out,
        lambda client, options: client.radiomics.predict(
            source, name=name, version=version, options=options
        ),
        priority.lane,
        (address, state),
        quiet=as_json,
    )
    tell_results(done, folder, f"predictions in {folder}", as_json)
