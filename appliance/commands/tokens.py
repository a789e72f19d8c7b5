"""`aibox tokens`: who may call this box. Works on the state directory, box running or not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from appliance.box_config import load_config
from appliance.commands.console import answers, notes, print_json
from appliance.commands.options import ConfigOption, JsonOption, StateOption
from appliance.commands.trust_audit import audited
from appliance.state_dir import StateDir
from serving.access.token import Token
from serving.access.token_file import TOKEN_FILE, TokenFile
from serving.domain.access import Role

commands = typer.Typer(help="Who may call this box.", no_args_is_help=True, add_completion=False)


@commands.command()
def create(
    name: Annotated[str, typer.Argument(help="The system that will hold it, as `pacs`.")],
    role: Annotated[Role, typer.Option(help="What it may do.")],
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="Ends by itself after so many days.")
    ] = None,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token; its secret is shown this once and is kept nowhere."""
    box = load_config(config, state)
    box.state.prepare()
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with audited(box, "token.create") as about:
        issued = _file(box.state).issue(name, role, expires_at)
        about.subject, about.detail = name, f"{issued.token.id}, role {role}"
    if as_json:
        print_json({**_as_json(issued.token), "secret": issued.secret})
        return
    typer.echo(issued.secret)
    notes.print("This is the only time the token is shown; hand it over and store it safely.")


@commands.command("list")
def list_tokens(state: StateOption = None, as_json: JsonOption = False) -> None:
    """List all tokens, without their secrets."""
    found = _file(StateDir.locate(state)).tokens()
    if as_json:
        print_json([_as_json(token) for token in found])
    else:
        answers.print(_table(found) if found else "no tokens")


@commands.command()
def revoke(
    which: Annotated[str, typer.Argument(help="Its id, or a name for all tokens of it.")],
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a token; the next call with it is refused, the box needs no restart."""
    box = load_config(config, state)
    with audited(box, "token.revoke") as about:
        ended = _file(box.state).revoke(which)
        about.subject = ended[0].name
        about.detail = ", ".join(token.id for token in ended)
    if as_json:
        print_json([_as_json(token) for token in ended])
    else:
        answers.print("revoked: " + ", ".join(f"{t.name} {t.id}" for t in ended), markup=False)


def _file(place: StateDir) -> TokenFile:
    return TokenFile(place.root / TOKEN_FILE)


def _as_json(token: Token) -> dict[str, Any]:
    """Without the digest: nobody has a use for it."""
    shown = token.model_dump(mode="json", exclude={"sha256"})
    return {**shown, "state": _state(token)}


def _table(tokens: tuple[Token, ...]) -> Table:
    table = Table("id", "name", "role", "state", "made", "ends")
    for token in tokens:
        ends = f"{token.expires_at:%Y-%m-%d}" if token.expires_at else "when revoked"
        made = f"{token.created_at:%Y-%m-%d}"
        table.add_row(token.id, token.name, token.role, _state(token), made, ends)
    return table


def _state(token: Token) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "live" if token.live(datetime.now(UTC)) else "expired"
