"""`aibox models promote`, `rollback`: which version answers."""

from __future__ import annotations

from typing import Annotated

import typer

from appliance.commands.admin_connection import AdminOption, connect_admin
from appliance.commands.operation_view import follow
from appliance.commands.options import JsonOption, StateOption

NameArgument = Annotated[str, typer.Argument(help="Name of the model.")]
VersionArgument = Annotated[int, typer.Argument(min=1, help="Number of the version.")]


def promote(
    name: NameArgument,
    version: VersionArgument,
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a version answer from now on; it is checked, tried and loaded first. No request fails."""
    with connect_admin(admin, state) as client:
        follow(client, client.promote(name, version), as_json)


def rollback(
    admin: AdminOption = None, state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Go back to what answered before the last promotion or change of a route; twice undoes it."""
    with connect_admin(admin, state) as client:
        follow(client, client.rollback(), as_json)
