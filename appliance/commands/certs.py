"""`aibox certs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from appliance.commands.console import answers, notes, print_json
from appliance.commands.options import JsonOption
from provisioning.certs.facts import CertificateFacts, read_folder
from provisioning.certs.make import DEFAULT_DAYS, CertRequest, MadeCerts, make_certs

commands = typer.Typer(
    help="A private authority and its TLS certificates.", no_args_is_help=True, add_completion=False
)


@commands.command()
def make(
    folder: Annotated[Path, typer.Option("--dir", help="Folder of the authority and its files.")],
    host: Annotated[
        list[str] | None,
        typer.Option("--host", help="Name or IP address by which clients reach the box."),
    ] = None,
    client: Annotated[
        list[str] | None, typer.Option("--client", help="Also a certificate for this client.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Good for so long.")] = DEFAULT_DAYS,
    force: Annotated[
        bool, typer.Option("--force", help="Renew what is there; never the authority.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make an authority (or use the one in the folder), a server certificate and clients' ones.

    A running box takes up renewed files by itself.
    """
    made = make_certs(
        CertRequest(
            folder=folder,
            hosts=tuple(host or ()),
            clients=tuple(client or ()),
            days=days,
            force=force,
        )
    )
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        _print_made(made)


@commands.command()
def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of .pem files.")],
    as_json: JsonOption = False,
) -> None:
    """Show every certificate of a folder; warn of those that end within 30 days."""
    found = read_folder(folder)
    if as_json:
        print_json([facts.model_dump(mode="json") | _lifetime(facts) for facts in found])
    else:
        answers.print(_table(found))
    for facts in found:
        if facts.ends_soon():
            notes.print(f"aibox: {_warning(facts)}", style="yellow", markup=False, soft_wrap=True)


def _print_made(made: MadeCerts) -> None:
    kind = "new authority" if made.new_authority else "authority"
    _say(f"{kind}: {made.authority}; every client needs this file, and nobody {made.authority_key}")
    if made.new_server:
        _say(f"server certificate for {', '.join(made.hosts)}; in aibox.toml:")
        _say(_settings(made))
    for path in made.clients:
        _say(
            f"client certificate: {path}; used with --ca {made.authority.name} --cert {path.name} "
            f"--key {path.with_suffix('.key').name}"
        )


def _settings(made: MadeCerts) -> str:
    pair = f'cert = "{made.server}"\nkey = "{made.server_key}"\n'
    authority = f'client_ca = "{made.authority}"'
    mutual = authority if made.clients else f"# {authority} asks every client for a certificate"
    return f"\n[grpc.tls]\n{pair}{mutual}\n\n[admin.tls]\n{pair}"


def _table(found: tuple[CertificateFacts, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("file", "subject", "names", "ends"):
        table.add_column(title, overflow="fold")
    table.add_column("days left", justify="right")
    for facts in found:
        table.add_row(
            facts.file,
            facts.subject,
            ", ".join(facts.names) or "-",
            f"{facts.not_after:%Y-%m-%d}",
            str(facts.days_left()),
        )
    return table


def _lifetime(facts: CertificateFacts) -> dict[str, int | bool]:
    return {"days_left": facts.days_left(), "ends_soon": facts.ends_soon()}


def _warning(facts: CertificateFacts) -> str:
    left = facts.days_left()
    when = f"ends in {left} days" if left >= 0 else "has ended"
    renew = "make a new authority" if facts.is_authority else "renew it with `aibox certs make`"
    return f"{facts.file} {when}; {renew}"


def _say(text: str) -> None:
    answers.print(text, soft_wrap=True, markup=False)
