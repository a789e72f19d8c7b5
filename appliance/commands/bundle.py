"""`aibox bundle`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from appliance.box_config import BoxConfig, load_config, repositories
from appliance.commands.bundle_parts import order_of
from appliance.commands.bundle_view import contents_facts, contents_lines, signer_facts, signer_line
from appliance.commands.console import answers, notes, print_json
from appliance.commands.options import ConfigOption, JsonOption, StateOption
from appliance.commands.trust_audit import audited
from provisioning.bundle.import_bundle import ImportPlace, import_bundle
from provisioning.bundle.make_bundle import make_bundle
from provisioning.bundle.verify_bundle import verify_bundle
from provisioning.keys import TrustStore, read_private_key
from serving.domain import slices
from serving.domain.errors import InvalidRequest

commands = typer.Typer(
    help="Signed model versions and releases.", no_args_is_help=True, add_completion=False
)
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The bundle, `.aibox`.")]


@commands.command()
def make(
    out: Annotated[Path, typer.Option(help="The bundle to write, `.aibox`.")],
    models: Annotated[
        list[str] | None, typer.Argument(metavar="[MODEL[/VERSION]]...", help="Else the highest.")
    ] = None,
    release: Annotated[
        str | None, typer.Option(help="NAME@VERSION, with all models that it runs with.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Private key, the .pem of `aibox keys make`.")
    ] = None,
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="Instead of --key: boxes refuse it by default.")
    ] = False,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pack model versions, or a release with its models, into one signed file."""
    if (key is None) != unsigned:
        raise InvalidRequest("a bundle is signed with --key, or said to be --unsigned")
    order = order_of(load_config(config, state), models or (), release)
    signing = read_private_key(key) if key else None
    with _bar(as_json) as report:
        contents = make_bundle(order, signing, out, report)
    if as_json:
        print_json({"file": str(out), **contents_facts(contents)})
    else:
        _say([f"{out} holds:", *contents_lines(contents)])


@commands.command()
def verify(
    file: FileArgument,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who signed a bundle and what is inside; exit code 1 unless it is whole and trusted."""
    chosen = load_config(config, state)
    with _bar(as_json) as report:
        trust = TrustStore.of(chosen.state.root)
        found = verify_bundle(file, trust, chosen.settings.trust.max_bytes, report)
    refusal = found.signer.refusal(file.name)
    if as_json:
        facts = {"sha256": found.sha256, **signer_facts(found.signer), "refusal": refusal}
        print_json({**facts, **contents_facts(found.contents)})
    else:
        _say([signer_line(found.signer), *contents_lines(found.contents)])
        _say([f"sha256 {found.sha256}; whole: every file is as it was listed"])
    if refusal:
        raise InvalidRequest(refusal)


@commands.command("import")
def import_command(
    file: FileArgument,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add the versions of a bundle to this box, if it trusts whoever signed it."""
    chosen = load_config(config, state)
    chosen.state.prepare()
    with audited(chosen, "bundle.import", file.name) as about, _bar(as_json) as report:
        done = import_bundle(file, _place(chosen), report)
        about.subject, about.detail = done.sha256, signer_line(done.signer)
    new = [f"{model.name}/{model.version}" for model in done.arrivals.new]
    present = [f"{model.name}/{model.version}" for model in done.arrivals.present]
    release = done.contents.release.reference if done.contents.release else None
    if as_json:
        facts = {"sha256": done.sha256, **signer_facts(done.signer), "release": release}
        print_json({**facts, "new": new, "present": present})
        return
    lines = [signer_line(done.signer), *(f"{title} is in {chosen.state.models}" for title in new)]
    lines += [f"{title} was here already" for title in present]
    _say(lines + ([f"release {release}"] if release else []))


def _place(chosen: BoxConfig) -> ImportPlace:
    return ImportPlace(chosen.state.root, repositories(chosen), chosen.settings.trust)


def _say(lines: list[str]) -> None:
    for line in lines:
        answers.print(line, soft_wrap=True, markup=False)


@contextmanager
def _bar(quiet: bool) -> Iterator[slices.Progress]:
    columns = (TextColumn("{task.description:<36}"), BarColumn(), TaskProgressColumn())
    hidden = quiet or not notes.is_terminal
    shown = Progress(*columns, TimeElapsedColumn(), console=notes, disable=hidden, transient=True)
    with shown as progress:
        task = progress.add_task("starting", total=1.0)
        yield lambda done, stage: progress.update(task, completed=done, description=stage)
