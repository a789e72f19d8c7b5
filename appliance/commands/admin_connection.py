"""Which box a command that changes what serves talks to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from appliance.box_config import load_config
from appliance.box_state import running_report
from appliance.client.admin import AdminClient
from appliance.client.bearer import TOKEN_VARIABLE
from appliance.client.channel import ChannelOptions
from appliance.commands.connection import channel_options
from appliance.state_dir import StateDir
from serving.domain.access import LOCAL, passed_on

AdminOption = Annotated[
    str | None,
    typer.Option(
        "--admin", help="https://host:port of the admin API; else that on this state directory."
    ),
]


def connect_admin(address: str | None, state: Path | None) -> AdminClient:
    """The named box; else the one that runs on this state directory; else the settings' address.

    The box of this state directory is reached by its own socket, which knows whoever can open it
    as the local operator, unless $AIBOX_TOKEN says who calls.
    """
    options = channel_options(os.environ)
    if address:
        return AdminClient(_with_scheme(address, options), ca=options.ca)
    place = StateDir.locate(state)
    if place.admin_socket.exists():
        token = None if os.environ.get(TOKEN_VARIABLE) else passed_on(LOCAL)
        return AdminClient(f"unix:{place.admin_socket}", token)
    report = running_report(place)
    if report is None:
        return AdminClient(load_config(None, state).admin_url, ca=options.ca)
    return AdminClient(_with_scheme(report.admin_address, options), ca=options.ca)


def _with_scheme(address: str, options: ChannelOptions) -> str:
    if "://" in address or address.startswith("unix:"):
        return address
    return f"{'https' if options.secure else 'http'}://{address}"
