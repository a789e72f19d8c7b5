"""`aibox jobs retry`."""

from __future__ import annotations

from typing import Annotated

import typer

from appliance.commands.admin_connection import AdminOption, connect_admin
from appliance.commands.console import answers, print_json
from appliance.commands.options import JsonOption, StateOption


def retry(
    job_id: Annotated[str, typer.Argument(help="Id of a failed job.")],
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Queue what a failed job was about once more, while its images are still on the box."""
    with connect_admin(admin, state) as client:
        job = client.retry(job_id)
    if as_json:
        print_json(job.model_dump(mode="json"))
    else:
        answers.print(f"job {job.job_id} is {job.state} in its place", markup=False)
