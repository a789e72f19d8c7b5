"""`aibox releases`: a pipeline with exact model versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from appliance.admin.views.release_view import ReleaseView
from appliance.commands.admin_connection import AdminOption, connect_admin
from appliance.commands.console import answers, print_json
from appliance.commands.operation_view import follow
from appliance.commands.options import JsonOption, StateOption
from appliance.commands.pairs_option import as_pairs, as_versions

commands = typer.Typer(
    help="Pipelines with exact model versions.", no_args_is_help=True, add_completion=False
)
ReferenceArgument = Annotated[
    str, typer.Argument(metavar="NAME@VERSION", help="The release, as `chest_ct@3`.")
]


@commands.command("list")
def list_releases(
    admin: AdminOption = None, state: StateOption = None, as_json: JsonOption = False
) -> None:
    """List all releases, and which of them studies run."""
    with connect_admin(admin, state) as client:
        found = client.releases()
    if as_json:
        print_json([release.model_dump(mode="json") for release in found])
    else:
        answers.print(_table(found) if found else "no releases")


@commands.command()
def create(
    name: Annotated[str, typer.Argument(help="Name; the box adds the number.")],
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL=VERSION...", help="Each model of the pipeline.")
    ],
    parameters: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter.")
    ] = None,
    pipeline: Annotated[
        str | None, typer.Option(help="Else the pipeline of the same name.")
    ] = None,
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a release; its versions are loaded, and no study runs it before it is promoted."""
    versions, chosen = as_versions(models), as_pairs(parameters or ())
    with connect_admin(admin, state) as client:
        follow(client, client.create_release(name, versions, chosen, pipeline), as_json)


@commands.command()
def promote(
    release: ReferenceArgument,
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let all studies of its pipeline run a release from now on."""
    with connect_admin(admin, state) as client:
        follow(client, client.promote_release(release), as_json)


@commands.command()
def remove(
    release: ReferenceArgument,
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a release that no route uses."""
    with connect_admin(admin, state) as client:
        follow(client, client.remove_release(release), as_json)


def _table(releases: Sequence[ReleaseView]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("release", "pipeline", "runs as", "models", "parameters"):
        table.add_column(title)
    for each in releases:
        roles = [role for role in ("stable", "canary", "shadow") if getattr(each, role)]
        models = ", ".join(f"{name} {number}" for name, number in each.models.items())
        parameters = ", ".join(f"{name}={value}" for name, value in each.parameters.items())
        cells = (each.reference, each.pipeline, ", ".join(roles), models, parameters)
        table.add_row(*map(Text, cells))
    return table
