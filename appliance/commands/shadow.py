"""`aibox shadow`: a release that reads every study too and answers nobody."""

from __future__ import annotations

import typer

from appliance.commands.admin_connection import AdminOption, connect_admin
from appliance.commands.canary import PipelineArgument, PipelineOption, pipeline_of
from appliance.commands.operation_view import follow
from appliance.commands.options import JsonOption, StateOption
from appliance.commands.releases import ReferenceArgument

commands = typer.Typer(
    help="Try a release out of sight; `aibox canary show` compares it.",
    no_args_is_help=True,
    add_completion=False,
)


@commands.command()
def start(
    release: ReferenceArgument,
    pipeline: PipelineOption = None,
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a release read every study too, on the batch lane."""
    chosen = pipeline or pipeline_of(release)
    with connect_admin(admin, state) as client:
        follow(client, client.start_shadow(chosen, release), as_json)


@commands.command()
def stop(
    pipeline: PipelineArgument,
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop it."""
    with connect_admin(admin, state) as client:
        follow(client, client.stop_shadow(pipeline), as_json)
