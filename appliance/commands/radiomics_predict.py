"""`aibox radiomics predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from appliance.client.radiomics_calls import JobOptions
from appliance.commands.connection import connect
from appliance.commands.console import answers, print_json
from appliance.commands.infer import Priority, PriorityOption
from appliance.commands.job_view import as_json as job_json
from appliance.commands.options import AddressOption, JsonOption, StateOption
from appliance.commands.radiomics_job import fetch_into, run_job
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
    with connect(address, state) as client:
        done = run_job(
            client,
            lambda options: client.radiomics.predict(
                source, name=name, version=version, options=options
            ),
            JobOptions(priority.lane),
            quiet=as_json,
        )
        folder = fetch_into(client, done, out)
    if as_json:
        print_json({"job": job_json(done), "results": str(folder)})
        return
    answers.print(f"predictions in {folder}", soft_wrap=True, markup=False)
