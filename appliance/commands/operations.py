"""`aibox operations`: changes that were asked for."""

from __future__ import annotations

from typing import Annotated

import typer

from appliance.commands.admin_connection import AdminOption, connect_admin
from appliance.commands.console import answers, print_json
from appliance.commands.operation_view import follow, operations_table
from appliance.commands.options import JsonOption, StateOption

commands = typer.Typer(
    help="Changes that were asked for.", no_args_is_help=True, add_completion=False
)


@commands.command("list")
def list_operations(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 20,
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """List changes of what serves, newest first, with what became of them."""
    with connect_admin(admin, state) as client:
        found = client.operations(limit)
    if as_json:
        print_json([operation.model_dump(mode="json") for operation in found])
    else:
        answers.print(operations_table(found) if found else "nothing was asked for yet")


@commands.command()
def watch(
    operation_id: Annotated[str, typer.Argument(help="Id of the operation.")],
    admin: AdminOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow a change until it is done; exit 1 where it fails."""
    with connect_admin(admin, state) as client:
        follow(client, client.operation(operation_id), as_json)
