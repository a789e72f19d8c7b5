"""Logs hold no patient data, whatever code and libraries put into their records."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from serving.logs import LogSettings, configure_logging

NAME = "DOE^JOHN"


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    level, hooks = root.level, (sys.excepthook, sys.unraisablehook)
    handler = configure_logging(tmp_path, "part")
    yield tmp_path / "logs" / "part.jsonl"
    root.removeHandler(handler)
    handler.close()
    root.setLevel(level)
    logging.captureWarnings(False)
    sys.excepthook, sys.unraisablehook = hooks
    structlog.reset_defaults()


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_own_records_keep_what_the_box_made_itself(log_file: Path) -> None:
    extra = {"job_id": "4f", "seconds": 1.5, "patient": NAME, "tags": [NAME]}
    logging.getLogger("serving.jobs").info("job %s is done", "4f", extra=extra)
    structlog.get_logger("appliance.x").info("up", request_id="r1", name=NAME)
    first, second = lines(log_file)
    assert first["event"] == "job 4f is done"
    assert (first["job_id"], first["seconds"], first["patient"]) == ("4f", 1.5, "[withheld]")
    assert (second["event"], second["request_id"], second["name"]) == ("up", "r1", "[withheld]")
    assert first["component"] == second["component"] == "part"
    assert NAME not in log_file.read_text()


def test_errors_keep_type_and_place_and_lose_their_text(log_file: Path) -> None:
    try:
        try:
            raise ValueError(NAME)
        except ValueError as cause:
            raise RuntimeError(NAME) from cause
    except RuntimeError:
        logging.getLogger("serving.dicom").exception("reading failed")
        structlog.get_logger("serving.y").error("failed", exc_info=True)
    for line in lines(log_file):
        assert line["error_kind"] == "RuntimeError"
        assert "test_appliance_logs" in str(line["error_at"])
    assert NAME not in log_file.read_text()


def test_libraries_and_warnings_lose_their_messages(log_file: Path) -> None:
    logging.getLogger("nibabel").warning("invalid value %r", NAME)
    warnings.warn(f"odd value {NAME}", stacklevel=1)
    sys.excepthook(ValueError, ValueError(NAME), None)
    found = lines(log_file)
    assert [line["event"] for line in found] == [
        "library message",
        "library message",
        "an error that nobody caught",
    ]
    assert str(found[0]["where"]).startswith("nibabel:")
    assert NAME not in log_file.read_text()


def test_two_processes_of_one_kind_write_two_files(log_file: Path) -> None:
    state = log_file.parent.parent
    code = (
        "import logging; from pathlib import Path; from serving.logs import configure_logging; "
        f"configure_logging(Path({str(state)!r}), 'part'); "
        "logging.getLogger('serving').warning('second')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    logging.getLogger("serving").warning("first")
    assert [line["event"] for line in lines(log_file)] == ["first"]
    assert [line["event"] for line in lines(log_file.with_name("part-1.jsonl"))] == ["second"]


def test_files_rotate(tmp_path: Path, log_file: Path) -> None:
    handler = configure_logging(tmp_path, "small", LogSettings(max_mb=0.001, backups=2))
    for number in range(60):
        logging.getLogger("serving").info("line", extra={"number": number})
    names = sorted(path.name for path in (tmp_path / "logs").glob("small.jsonl*"))
    assert names == ["small.jsonl", "small.jsonl.1", "small.jsonl.2"]
    logging.getLogger().removeHandler(handler)
    handler.close()
