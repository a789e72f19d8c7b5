"""`aibox keys`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from appliance.box_config import load_config
from appliance.commands.console import answers, print_json
from appliance.commands.options import ConfigOption, JsonOption, StateOption
from appliance.commands.trust_audit import audited
from provisioning.keys import TrustedKey, TrustStore, make_key_pair, read_public_key
from provisioning.keys.key_pair import key_id as key_id_of

commands = typer.Typer(
    help="Keys that bundles are signed with.", no_args_is_help=True, add_completion=False
)


@commands.command()
def make(
    name: Annotated[str, typer.Argument(help="Of the key, as `clinic_x`.")],
    folder: Annotated[Path, typer.Option("--dir", help="Where its two files go.")],
    as_json: JsonOption = False,
) -> None:
    """Make a key pair: NAME.pem signs and stays secret, NAME.pub goes to the boxes."""
    made = make_key_pair(name, folder)
    if as_json:
        facts = {"private": str(made.private), "public": str(made.public)}
        print_json({"key_id": made.key_id, **facts})
        return
    _say(f"key {made.key_id}: {made.private} signs, whoever holds it; keep it off the boxes")
    _say(f"give {made.public} to the operators of the boxes, and read the key's id to them")


@commands.command()
def trust(
    public: Annotated[Path, typer.Argument(metavar="FILE.pub", help="The public key.")],
    name: Annotated[
        str | None, typer.Option(help="Of its owner; else the name of the file.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Take a key back that was revoked here.")
    ] = False,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let this box take in what the owner of a key signs."""
    chosen = load_config(config, state)
    key = read_public_key(public)
    chosen.state.prepare()
    with audited(chosen, "key.trust", public.name) as about:
        about.subject = key_id_of(key)
        trusted = TrustStore.of(chosen.state.root).trust(key, name or public.stem, again)
    if as_json:
        print_json(_row(trusted))
    else:
        _say(f"this box trusts the key {trusted.key_id} of {trusted.name} from now on")


@commands.command("list")
def list_keys(
    config: ConfigOption = None, state: StateOption = None, as_json: JsonOption = False
) -> None:
    """List the keys that this box trusts, and those that were revoked here."""
    trust_store = TrustStore.of(load_config(config, state).state.root)
    rows = [_row(key) for key in trust_store.all()]
    if as_json:
        print_json(rows)
    elif not rows:
        _say("this box trusts no key yet; `aibox keys trust` adds one")
    else:
        answers.print(_table(rows))


@commands.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="As `aibox keys list` shows it.")],
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse from now on what a key signs; versions that are here already stay."""
    chosen = load_config(config, state)
    chosen.state.prepare()
    with audited(chosen, "key.revoke") as about:
        revoked = TrustStore.of(chosen.state.root).revoke(key_id)
        about.subject = revoked.key_id
    if as_json:
        print_json(_row(revoked))
    else:
        _say(f"this box no longer trusts the key {revoked.key_id} of {revoked.name}")


def _row(key: TrustedKey) -> dict[str, Any]:
    return {"key_id": key.key_id, **key.model_dump(mode="json")}


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("key", "name", "trusted since", "revoked"):
        table.add_column(title)
    for row in rows:
        shown = (row["key_id"], row["name"], row["trusted_at"], row["revoked_at"] or "")
        table.add_row(*shown)
    return table


def _say(line: str) -> None:
    answers.print(line, soft_wrap=True, markup=False)
