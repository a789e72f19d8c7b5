"""What a call leaves in the log, and what it never leaves."""

from __future__ import annotations

import time

import pytest
import structlog
from structlog.testing import capture_logs

from serving.domain.errors import InvalidRequest
from serving.rpc.call_facts import read_facts
from serving.rpc.call_log import CallLog


@pytest.fixture
def log() -> CallLog:
    structlog.reset_defaults()
    return CallLog(log_calls=True)


def test_a_crash_is_logged_by_type_and_place(log: CallLog) -> None:
    def crash() -> None:
        raise KeyError("DOE^JANE")

    with capture_logs() as lines:
        try:
            crash()
        except KeyError as error:
            log.failed("ModelInfer", "r", time.perf_counter(), error)
    assert "DOE" not in str(lines)
    assert lines[0]["error_kind"] == "KeyError"
    assert "test_rpc_call_log.py" in lines[0]["error_at"]
    assert lines[0]["error_at"].endswith(" crash")
    assert lines[0]["log_level"] == "error"


def test_a_refusal_is_logged_without_its_sentence(log: CallLog) -> None:
    with capture_logs() as lines:
        log.failed("ModelInfer", "r", time.perf_counter(), InvalidRequest("a sentence"))
    assert "sentence" not in str(lines)
    assert (lines[0]["status"], lines[0]["error_kind"]) == ("INVALID_ARGUMENT", "InvalidRequest")


def test_the_callers_request_id_is_taken_where_well_formed() -> None:
    assert read_facts([("x-request-id", "abc-1")]).request_id == "abc-1"
    for bad in ("DOE^JANE", "", "a" * 65, "a b", "a\n"):
        made = read_facts([("x-request-id", bad)]).request_id
        assert made != bad
        assert len(made) == 16


def test_the_hop_mark() -> None:
    assert read_facts([("x-aibox-hop", "1")]).hopped
    assert not read_facts(None).hopped
