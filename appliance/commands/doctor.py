"""`aibox doctor`."""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.table import Table

from appliance.box_config import load_config
from appliance.commands.console import answers, print_json
from appliance.commands.options import ConfigOption, JsonOption, StateOption
from provisioning.doctor import Address, Needs, examine
from provisioning.doctor.check import Check, Verdict

_STYLES = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}
FAILED = 1


def doctor(
    config: ConfigOption = None, state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Say what would stop the box from running well here; exit 1 where something would."""
    chosen = load_config(config, state)
    settings = chosen.settings
    needs = Needs(
        state_dir=chosen.state.root,
        addresses=(
            Address("gRPC", settings.grpc.host, settings.grpc.port),
            Address("admin", settings.admin.host, settings.admin.port),
        ),
        min_free_disk_gb=settings.jobs.intake.min_free_disk_gb,
    )
    checks = examine(needs)
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        answers.print(_table(checks))
    if any(check.verdict is Verdict.FAIL for check in checks):
        raise typer.Exit(FAILED)


def _table(checks: list[Check]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("", "check", "found", "what to do"):
        table.add_column(title)
    for check in checks:
        verdict = f"[{_STYLES[check.verdict]}]{check.verdict.value}[/]"
        table.add_row(verdict, check.name, check.found, check.advice)
    return table
