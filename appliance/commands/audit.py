"""`aibox audit`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from appliance.commands.console import answers, notes, print_json
from appliance.commands.options import JsonOption, StateOption
from appliance.errors import ConfigurationError
from appliance.state_dir import StateDir
from serving.audit.chain import ChainReport, verify
from serving.audit.entry import AuditEntry
from serving.audit.reader import open_log
from serving.domain.audit import Outcome

BROKEN = 1
STYLES = {Outcome.DONE: "", Outcome.REFUSED: "yellow", Outcome.FAILED: "red"}

commands = typer.Typer(help="Who did what on this box.", no_args_is_help=True, add_completion=False)


@commands.command("verify")
def verify_log(state: StateOption = None, as_json: JsonOption = False) -> None:
    """Check that no line of the audit log was changed or removed; exit 1 where one was."""
    report = verify(_folder(state))
    if as_json:
        print_json(_report_json(report))
    else:
        _print_report(report)
    if report.fault:
        raise typer.Exit(BROKEN)


@commands.command()
def show(
    last: Annotated[int, typer.Option("--last", min=1, max=10_000, help="So many lines.")] = 50,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest lines of the audit log, oldest first."""
    with open_log(_folder(state)) as view:
        entries = view.newest(last)
    if as_json:
        print_json([entry.model_dump(mode="json") for entry in entries])
    else:
        answers.print(audit_table(entries) if entries else "nothing was recorded yet")


def audit_table(entries: list[AuditEntry]) -> Table:
    """Entries, one a line."""
    table = Table(box=None, pad_edge=False)
    for title in ("number", "at (UTC)", "who", "role", "action", "subject", "outcome"):
        table.add_column(title, no_wrap=True)
    table.add_column("detail")
    for entry in entries:
        cells = (entry.actor, entry.role, entry.action, entry.subject)
        table.add_row(
            str(entry.seq),
            entry.at[:19].replace("T", " "),
            *map(Text, cells),
            Text(entry.outcome, STYLES[entry.outcome]),
            Text(entry.detail),
        )
    return table


def _folder(state: Path | None) -> Path:
    found = StateDir.locate(state)
    folder = found.root / "audit"
    if not folder.is_dir():
        raise ConfigurationError(
            f"there is no audit log in {found.root}; name a box's state directory with --state"
        )
    return folder


def _report_json(report: ChainReport) -> dict[str, Any]:
    """The report for a script; `sentence` is null where the log is whole."""
    sentence = report.fault.sentence if report.fault else None
    return asdict(report) | {"whole": report.fault is None, "sentence": sentence}


def _print_report(report: ChainReport) -> None:
    if report.fault:
        notes.print(f"aibox: {report.fault.sentence}", style="red", markup=False, soft_wrap=True)
        return
    answers.print(f"the audit log is whole: {report.entries} lines in {report.files} files")
    answers.print(f"digest of the last line: {report.last_digest}", soft_wrap=True)
    if report.torn_bytes:
        answers.print(
            f"a crash left {report.torn_bytes} bytes of an unfinished line; the next one "
            "recorded cuts them off and says so",
            soft_wrap=True,
        )
