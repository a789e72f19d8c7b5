"""`aibox audit`: exit code, sentence, table and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from appliance.commands.audit import commands
from appliance.errors import ConfigurationError
from serving.audit.log import AuditLog
from serving.domain.audit import AuditEvent, Outcome

cli = CliRunner()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory with three lines of audit."""
    log = AuditLog(tmp_path / "audit")
    for number in range(3):
        log.record(
            AuditEvent(
                actor="[red]ward[/red]",
                role="viewer",
                action="result.fetch",
                subject=f"job {number}",
                outcome=Outcome.REFUSED,
                detail="[bold]no such job[/bold]",
            )
        )
    return tmp_path


def break_line(state: Path) -> None:
    file = state / "audit" / "audit.jsonl"
    file.write_bytes(file.read_bytes().replace(b"job 1", b"job 7"))


def test_a_whole_log(state: Path) -> None:
    result = cli.invoke(commands, ["verify", "--state", str(state)])
    assert result.exit_code == 0
    assert "3 lines in 1 files" in result.output
    last = json.loads((state / "audit" / "head.json").read_text())["digest"]
    assert last in result.output


def test_a_broken_log_is_one_sentence_and_exit_code_1(state: Path) -> None:
    break_line(state)
    result = cli.invoke(commands, ["verify", "--state", str(state)])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "broken at audit.jsonl line 2: its digest is not that of its content" in result.stderr


def test_the_report_for_a_script(state: Path) -> None:
    done = cli.invoke(commands, ["verify", "--json", "--state", str(state)])
    assert json.loads(done.stdout)["whole"] is True
    break_line(state)
    failed = cli.invoke(commands, ["verify", "--json", "--state", str(state)])
    assert failed.exit_code == 1
    report = json.loads(failed.stdout)
    assert (report["whole"], report["entries"]) == (False, 1)
    assert (report["fault"]["file"], report["fault"]["line"]) == ("audit.jsonl", 2)
    assert "line 2" in report["sentence"]


def test_a_line_that_a_crash_tore_is_mentioned(state: Path) -> None:
    with (state / "audit" / "audit.jsonl").open("ab") as file:
        file.write(b'{"act')
    result = cli.invoke(commands, ["verify", "--state", str(state)])
    assert result.exit_code == 0
    assert "5 bytes of an unfinished line" in result.output


def test_the_newest_lines_as_table_and_json(state: Path) -> None:
    shown = cli.invoke(commands, ["show", "--last", "2", "--state", str(state)])
    assert shown.exit_code == 0
    assert "job 0" not in shown.output
    assert "job 2" in shown.output
    assert "[bold]no such job[/bold]" in shown.output, "markup of a stranger is text"
    listed = cli.invoke(commands, ["show", "--last", "1", "--json", "--state", str(state)])
    assert [(each["seq"], each["subject"]) for each in json.loads(listed.stdout)] == [(3, "job 2")]


def test_an_empty_log_says_so(tmp_path: Path) -> None:
    AuditLog(tmp_path / "audit")
    assert "nothing" in cli.invoke(commands, ["show", "--state", str(tmp_path)]).output


@pytest.mark.parametrize("command", ["show", "verify"])
def test_a_folder_that_is_no_boxs_is_named(tmp_path: Path, command: str) -> None:
    result = cli.invoke(commands, [command, "--state", str(tmp_path)])
    assert isinstance(result.exception, ConfigurationError)
    assert "--state" in result.exception.message
