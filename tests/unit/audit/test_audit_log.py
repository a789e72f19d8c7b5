"""Appending: from many processes, over crashes at any byte, and after what should not be."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from audit_events import KIB, append_many, event, lines_of

from serving.audit.chain import verify
from serving.audit.head import Head, read_head, write_head
from serving.audit.log import AuditLog
from serving.audit.reader import open_log
from serving.audit.settings import AuditSettings
from serving.domain.errors import AuditUnavailable

HERE = Path(__file__).parent
PROCESSES, APPENDS = 4, 50


def current(folder: Path) -> Path:
    return folder / "audit.jsonl"


def entries(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line.raw) for line in lines_of(folder)]


def actions(folder: Path) -> list[object]:
    return [entry["action"] for entry in entries(folder)]


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    """Holds three lines."""
    log = AuditLog(tmp_path)
    for number in range(3):
        log.record(event(f"model {number}"))
    return log


def test_the_folder_and_its_files_are_the_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "audit"
    AuditLog(folder, AuditSettings(segment_max_mb=KIB)).record(event())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_several_processes_lose_no_line(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=append_many, args=(tmp_path, number, APPENDS))
        for number in range(PROCESSES)
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert verify(tmp_path).fault is None
    assert [writer.exitcode for writer in writers] == [0] * PROCESSES
    report = verify(tmp_path)
    assert report.fault is None
    assert report.entries == PROCESSES * APPENDS
    assert report.files > 3
    subjects = [str(entry["subject"]) for entry in entries(tmp_path)]
    for number in range(PROCESSES):
        own = [subject for subject in subjects if subject.startswith(f"writer {number} ")]
        assert own == [f"writer {number} event {each}" for each in range(APPENDS)]


def test_kill_9_at_any_moment_leaves_a_whole_log(tmp_path: Path) -> None:
    code = (
        "import audit_events, pathlib, sys; "
        "audit_events.append_until_killed(pathlib.Path(sys.argv[1]))"
    )
    safe: Counter[str] = Counter()
    for attempt in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": f"{HERE}:{HERE.parents[2]}"},
        )
        assert child.stdout is not None
        safe[f"event {child.stdout.readline().decode().strip()}"] += 1
        time.sleep(0.05 + 0.011 * attempt)
        child.send_signal(signal.SIGKILL)
        safe.update(
            f"event {line.decode().strip()}" for line in child.stdout if line.endswith(b"\n")
        )
        child.wait()
        child.stdout.close()
        assert verify(tmp_path).fault is None
    found = Counter(str(entry["subject"]) for entry in entries(tmp_path))
    assert safe.total() > 5
    assert not safe - found, "a line was said to be safe and is lost"
    AuditLog(tmp_path).record(event())
    assert verify(tmp_path).fault is None


def test_a_line_torn_at_any_byte_is_cut_off_and_the_log_says_so(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.record(event("first"))
    whole, head = current(tmp_path).read_bytes(), read_head(tmp_path)
    assert head is not None
    log.record(event("torn"))
    torn = current(tmp_path).read_bytes()[len(whole) :]
    for kept in range(1, len(torn)):
        current(tmp_path).write_bytes(whole + torn[:kept])
        write_head(tmp_path, head)
        assert verify(tmp_path).fault is None
        assert verify(tmp_path).torn_bytes == kept
        log.record(event("after"))
        assert verify(tmp_path).fault is None
        assert [entry["subject"] for entry in entries(tmp_path)] == [
            "first",
            "audit.jsonl",
            "after",
        ]
        note = entries(tmp_path)[1]
        assert note["action"] == "audit.repaired"
        assert f"cut off {kept} bytes" in str(note["detail"])


def test_a_crash_between_line_and_head_is_mended_without_a_word(
    log: AuditLog, tmp_path: Path
) -> None:
    second = entries(tmp_path)[1]
    write_head(tmp_path, Head(seq=2, digest=str(second["digest"])))
    log.record(event())
    assert verify(tmp_path).fault is None
    assert actions(tmp_path) == ["model.promote"] * 4


@pytest.mark.parametrize("cut", [b"", b"half a li"])
def test_a_crash_between_setting_aside_and_the_next_line(tmp_path: Path, cut: bytes) -> None:
    log = AuditLog(tmp_path)
    log.record(event())
    log.record(event())
    first = entries(tmp_path)[0]
    write_head(tmp_path, Head(seq=1, digest=str(first["digest"])))
    current(tmp_path).rename(tmp_path / "audit-1.jsonl")
    if cut:
        current(tmp_path).write_bytes(cut)
    assert verify(tmp_path).fault is None
    log.record(event())
    assert verify(tmp_path).fault is None
    assert verify(tmp_path).files == 2


def test_a_torn_line_never_gets_into_a_full_file(tmp_path: Path) -> None:
    small = AuditLog(tmp_path, AuditSettings(segment_max_mb=KIB))
    for _ in range(3):
        small.record(event())
    with current(tmp_path).open("ab") as file:
        file.write(b"{" * 700)
    small.record(event())
    assert verify(tmp_path).fault is None


def test_a_cut_end_stays_visible_after_the_next_line(log: AuditLog, tmp_path: Path) -> None:
    kept = current(tmp_path).read_bytes().splitlines(keepends=True)[:1]
    current(tmp_path).write_bytes(b"".join(kept))
    log.record(event())
    fault = verify(tmp_path).fault
    assert fault is not None
    assert (fault.file, fault.line) == ("audit.jsonl", 2)
    assert entries(tmp_path)[1]["action"] == "audit.contradicted"
    assert entries(tmp_path)[1]["detail"] == "the files end at line 1, the head at line 3"


@pytest.mark.parametrize("end", [b'{"seq":3}\n', b"\0" * 5000, b"x" * 100_000, b"\n\n"])
def test_a_changed_end_stays_visible_and_the_box_goes_on(
    log: AuditLog, tmp_path: Path, end: bytes
) -> None:
    kept = current(tmp_path).read_bytes().splitlines(keepends=True)[:2]
    current(tmp_path).write_bytes(b"".join(kept) + end)
    log.record(event("after"))
    log.record(event("and after"))
    fault = verify(tmp_path).fault
    assert fault is not None
    assert (fault.file, fault.line) == ("audit.jsonl", 3)
    with open_log(tmp_path) as view:
        shown = [entry.subject for entry in view.newest(3)]
    assert shown == ["audit.jsonl", "after", "and after"]


def test_a_log_that_was_removed_stays_visible(log: AuditLog, tmp_path: Path) -> None:
    current(tmp_path).unlink()
    log.record(event())
    fault = verify(tmp_path).fault
    assert fault is not None
    assert "number 4 stands where 1 was due" in fault.what


def test_a_garbled_head_is_made_anew_and_the_log_says_so(log: AuditLog, tmp_path: Path) -> None:
    (tmp_path / "head.json").write_bytes(b"\0\0\0")
    log.record(event())
    assert verify(tmp_path).fault is None
    assert actions(tmp_path)[-2:] == ["audit.repaired", "model.promote"]


def test_with_end_and_head_gone_nothing_is_recorded(log: AuditLog, tmp_path: Path) -> None:
    (tmp_path / "head.json").write_text("[]")
    current(tmp_path).write_text("garbage\n")
    with pytest.raises(AuditUnavailable, match="move it away"):
        log.record(event())
    assert current(tmp_path).read_text() == "garbage\n"


def test_a_disk_that_refuses_is_one_sentence(log: AuditLog, tmp_path: Path) -> None:
    (tmp_path / "head.new").mkdir()
    for _ in range(3):
        with pytest.raises(AuditUnavailable, match="cannot be written"):
            log.record(event())
    (tmp_path / "head.new").rmdir()
    assert verify(tmp_path).fault is None
    log.record(event())
    assert verify(tmp_path).fault is None


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AuditUnavailable, match="Not a directory"):
        AuditLog(tmp_path / "file" / "audit")


def test_the_newest_lines_come_from_as_many_files_as_needed(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, AuditSettings(segment_max_mb=KIB))
    for number in range(10):
        log.record(event(f"model {number}"))
    with open_log(tmp_path) as view:
        assert [entry.seq for entry in view.newest(7)] == [4, 5, 6, 7, 8, 9, 10]
        assert len(view.newest(100)) == 10
