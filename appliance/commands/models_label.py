"""`aibox models label`, `unlabel`: names for versions."""

from __future__ import annotations

from typing import Annotated

import typer

from appliance.commands.admin_connection import AdminOption, connect_admin
from appliance.commands.models_promote import NameArgument, VersionArgument
from appliance.commands.operation_view import follow
from appliance.commands.options import JsonOption, StateOption

LabelArgument = Annotated[str, typer.Argument(help="The label, as `canary`.")]


def label(
    name: NameArgument,
    version: VersionArgument,
    label: LabelArgument,
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Point a label at a version in service; `stable` is moved by promoting."""
    with connect_admin(admin, state) as client:
        follow(client, client.label(name, label, version), as_json)


def unlabel(
    name: NameArgument,
    label: LabelArgument,
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a label."""
    with connect_admin(admin, state) as client:
        follow(client, client.unlabel(name, label), as_json)
