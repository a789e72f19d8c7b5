"""`aibox models load`, `unload`, `verify`, `refresh`: which versions are in service."""

from __future__ import annotations

from typing import Annotated

import typer

from appliance.commands.admin_connection import AdminOption, connect_admin
from appliance.commands.models_promote import NameArgument, VersionArgument
from appliance.commands.operation_view import follow
from appliance.commands.options import JsonOption, StateOption


def load(
    name: NameArgument,
    version: Annotated[
        int | None, typer.Argument(min=1, help="Else those that the model's policy serves.")
    ] = None,
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let versions serve beside what serves already; requests ask for them by number or label."""
    with connect_admin(admin, state) as client:
        follow(client, client.load(name, version), as_json)


def unload(
    name: NameArgument,
    version: Annotated[int | None, typer.Argument(min=1, help="Else the whole model.")] = None,
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a version out of service; refused where a label or a release in use needs it."""
    with connect_admin(admin, state) as client:
        follow(client, client.unload(name, version), as_json)


def verify(
    name: NameArgument,
    version: VersionArgument,
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare every file of a version with its digest."""
    with connect_admin(admin, state) as client:
        follow(client, client.verify(name, version), as_json)


def refresh(
    admin: AdminOption = None, state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Let the running box look for models that were imported since it started."""
    with connect_admin(admin, state) as client:
        follow(client, client.refresh(), as_json)
