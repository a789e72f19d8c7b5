"""The shell: every command has help, errors are one sentence, exit codes are as documented."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from appliance import cli
from appliance.commands import (
    audit,
    bundle,
    canary,
    certs,
    config,
    jobs,
    keys,
    models,
    operations,
    radiomics,
    releases,
    shadow,
    tokens,
)

GROUPS = {
    "audit": audit.commands,
    "releases": releases.commands,
    "canary": canary.commands,
    "shadow": shadow.commands,
    "operations": operations.commands,
    "tokens": tokens.commands,
    "bundle": bundle.commands,
    "keys": keys.commands,
    "certs": certs.commands,
    "jobs": jobs.commands,
    "models": models.commands,
    "config": config.commands,
    "radiomics": radiomics.commands,
}


def every_command() -> list[list[str]]:
    found = [[lazy.name] for lazy in cli.COMMANDS]
    for name, group in GROUPS.items():
        inner = typer.main.get_group(group).commands
        found += [[name, command] for command in inner]
    return found


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    code = "from appliance.cli import app; app()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


@pytest.mark.parametrize("command", every_command(), ids=" ".join)
def test_every_command_has_help(command: list[str]) -> None:
    result = CliRunner().invoke(cli.root, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output
    assert len(result.output.split("Usage:")[1].splitlines()) > 3


def test_the_commands_of_the_contract_are_there() -> None:
    names = {lazy.name for lazy in cli.COMMANDS}
    assert {"up", "down", "status", "analyze", "infer", "models", "jobs"} <= names
    assert {"plan", "doctor", "config", "demo"} <= names
    subcommands = {tuple(c) for c in every_command() if len(c) == 2}
    for name in ("list", "show", "watch", "cancel", "fetch", "purge"):
        assert ("jobs", name) in subcommands


def test_help_does_not_import_the_heavy_parts() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from appliance.cli import root; "
        "CliRunner().invoke(root, ['--help']); "
        "print([m for m in ('numpy', 'grpc', 'fastapi', 'sqlalchemy', 'ray') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_starting_the_box_never_imports_ray() -> None:
    code = "import sys, appliance.commands.up; print([m for m in sys.modules if m == 'ray'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_error_is_one_sentence_on_stderr(tmp_path: Path) -> None:
    (tmp_path / "aibox.toml").write_text("[grpc]\nprot = 1\n")
    done = run("config", "check", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.strip() == (
        "aibox: the setting grpc.prot is unknown; the nearest known one is grpc.port"
    )


def test_nobody_at_the_address_says_what_to_do(tmp_path: Path) -> None:
    done = run("jobs", "list", "--address", "127.0.0.1:1", cwd=tmp_path)
    assert done.returncode == 1
    assert "start one with `aibox up`" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_usage_exits_with_two(tmp_path: Path) -> None:
    assert run("analyze", str(tmp_path / "none")).returncode == 2
    assert run("analyze", str(tmp_path), "--priority", "urgent").returncode == 2
    assert run("infer", "model", "--input", "nonsense").returncode == 2


def test_status_of_no_box(tmp_path: Path) -> None:
    done = run("status", "--json", "--state", str(tmp_path))
    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        "running": False,
        "analyzer_pid": None,
        "cohort_runner_pid": None,
        "ray_address": None,
        "nodes": [],
    }
    assert run("down", "--state", str(tmp_path)).stdout.startswith("no box runs here")


def test_plan_and_settings_as_json(tmp_path: Path) -> None:
    plan = json.loads(run("plan", "--json", cwd=tmp_path).stdout)
    assert plan["nodes"][0]["streams"] >= 1
    shown = json.loads(run("config", "show", "--json", cwd=tmp_path).stdout)
    assert shown["grpc"]["port"] == 8001


def test_purge_where_no_job_was_made(tmp_path: Path) -> None:
    done = run("jobs", "purge", "--dry-run", "--state", str(tmp_path))
    assert (done.returncode, done.stdout.strip()) == (
        0,
        "nothing to purge: no job was ever made here",
    )
    assert list(tmp_path.iterdir()) == []
