"""No text that a stranger chose breaks a line, inflates the log or brings a UID into it."""

from __future__ import annotations

import json

import pytest
from audit_events import event
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from serving.audit.entry import LONGEST_LINE, AuditEntry, read_entry
from serving.domain.audit import AuditEvent, Outcome

ZEROS = "0" * 64
UID = "1.2.840.113619.2.55.3.604688119"
anything = st.text(st.characters(), min_size=1, max_size=2000)


def sealed(of: AuditEvent) -> AuditEntry:
    return AuditEntry.sealed(of, 7, 1_700_000_000.25, ZEROS)


@given(actor=anything, subject=anything, detail=anything)
def test_hostile_texts_become_one_short_line_that_reads_back(
    actor: str, subject: str, detail: str
) -> None:
    made = sealed(
        AuditEvent(
            actor=actor,
            role="viewer",
            action="result.fetch",
            subject=subject,
            outcome=Outcome.REFUSED,
            detail=detail,
        )
    )
    assert made.line.count(b"\n") == 1
    assert made.line.isascii()
    assert read_entry(made.line) == made
    assert made.whole


def test_the_longest_event_fits_a_line() -> None:
    worst = AuditEvent(
        actor="a" * 9999,
        role="a" * 16,
        action="a." + "a" * 62,
        subject="/" * 9999,
        outcome=Outcome.REFUSED,
        detail='"\\' * 9999,
    )
    entry = AuditEntry.sealed(worst, 2**63 - 1, 253_402_300_799.0, ZEROS)
    assert len(entry.line) <= LONGEST_LINE
    assert worst.subject.endswith("...")


@pytest.mark.parametrize("uid", [UID, "2.25.123456789012345678901234567890", f"CT {UID}.1 x"])
def test_a_uid_never_gets_in(uid: str) -> None:
    made = event(uid, f"study {uid}")
    assert "uid-withheld" in made.subject
    assert "uid-withheld" in made.detail
    assert "604688119" not in made.subject + made.detail
    assert "12345678901" not in made.subject + made.detail


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("chest_ct@2", "unet 1.2.3", "127.0.0.1", "0f" * 16, "PACS-1: a+b=c/d?"):
        assert event(name).subject == name


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "promote"},
        {"action": "model.promote\n"},
        {"action": "Model.Promote"},
        {"role": "vendor\n"},
        {"role": ""},
        {"outcome": "maybe"},
        {"subject": ""},
        {"subject": 3},
        {"patient": "x"},
    ],
)
def test_what_the_boxs_own_code_gets_wrong_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AuditEvent.model_validate(event().model_dump() | changes)


def test_a_line_is_the_published_format() -> None:
    fields = json.loads(sealed(event()).line)
    assert sorted(fields) == [
        *("action", "actor", "at", "detail", "digest", "outcome"),
        *("previous", "role", "seq", "subject"),
    ]
    assert fields["at"] == "2023-11-14T22:13:20.250000Z"
    assert fields["seq"] == 7


@given(st.binary(max_size=3000))
def test_any_bytes_are_read_without_a_crash(raw: bytes) -> None:
    assert read_entry(raw) is None


@pytest.mark.parametrize("raw", [b"[" * 2000, b'{"seq":' * 280, b"1" * 2000, b"NaN\n", b"\x00\n"])
def test_hostile_json_is_no_entry(raw: bytes) -> None:
    assert read_entry(raw) is None


def test_a_line_that_only_means_the_same_is_no_entry() -> None:
    line = sealed(event()).line
    assert read_entry(line.replace(b'"seq":7', b'"seq": 7')) is None
    assert read_entry(line.replace(b'"seq":7', b'"seq":7,"seq":7')) is None
    assert read_entry(line.replace(b'"seq":7', b'"seq":"7"')) is None
    assert read_entry(line[:-1]) is None
