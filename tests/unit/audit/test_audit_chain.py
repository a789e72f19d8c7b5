"""Whatever is changed, removed, moved or cut off is noticed, and the first place is named."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tracemalloc
from pathlib import Path

import pytest
from audit_events import KIB, event, lines_of
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.audit.chain import verify
from serving.audit.entry import AuditEntry
from serving.audit.head import GENESIS, Head, read_head, write_head
from serving.audit.log import AuditLog
from serving.audit.settings import AuditSettings
from serving.domain.errors import AuditUnavailable

LINES = 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A dozen lines in three files."""
    folder = tmp_path / "audit"
    log = AuditLog(folder, AuditSettings(segment_max_mb=KIB))
    for number in range(LINES):
        log.record(event(f"model {number}"))
    return folder


def fault_of(folder: Path) -> tuple[str, int, str]:
    fault = verify(folder).fault
    assert fault is not None
    return fault.file, fault.line, fault.what


def current(folder: Path) -> Path:
    return folder / "audit.jsonl"


def written(folder: Path, lines: list[bytes]) -> None:
    """Makes the log one file of these lines."""
    for path in folder.glob("audit*.jsonl"):
        path.unlink()
    current(folder).write_bytes(b"".join(lines))


def raw_lines(folder: Path) -> list[bytes]:
    return [line.raw for line in lines_of(folder)]


def rewritten(line: bytes, **changes: str | int) -> bytes:
    """The line with other content and a digest that fits it, as a careful forger makes it."""
    fields = json.loads(line) | changes
    del fields["digest"]
    content = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    fields["digest"] = hashlib.sha256(content).hexdigest()
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def test_a_whole_log_verifies_over_its_files(folder: Path) -> None:
    report = verify(folder)
    assert report.fault is None
    assert report.entries == LINES
    assert report.files == len(list(folder.glob("audit*.jsonl"))) > 2
    assert report.last_digest == json.loads(raw_lines(folder)[-1])["digest"]


def test_the_chain_can_be_checked_by_ten_lines_of_anybodys_code(folder: Path) -> None:
    before = "0" * 64
    for raw in raw_lines(folder):
        fields = json.loads(raw)
        digest = fields.pop("digest")
        content = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
        assert hashlib.sha256(content).hexdigest() == digest
        assert fields["previous"] == before
        before = digest


def test_a_full_file_is_named_by_its_first_line(folder: Path) -> None:
    for path in folder.glob("audit-*.jsonl"):
        first = json.loads(path.read_bytes().splitlines()[0])
        assert path.name == f"audit-{first['seq']}.jsonl"
        assert path.stat().st_size < 2 * 1024


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_changed_byte_is_found_in_its_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp() / "one-byte"
    if not folder.exists():
        log = AuditLog(folder)
        for number in range(3):
            log.record(event(f"model {number}"))
    good = current(folder).read_bytes()
    place = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[place]))
    try:
        current(folder).write_bytes(good[:place] + bytes([other]) + good[place + 1 :])
        file, line, _ = fault_of(folder)
    finally:
        current(folder).write_bytes(good)
    if place == len(good) - 1:
        # Without its newline the last line is torn, and the head knows that it was safe.
        assert file == "head.json"
    else:
        assert (file, line) == ("audit.jsonl", good[:place].count(b"\n") + 1)


def test_a_removed_line_is_found(folder: Path) -> None:
    lines = raw_lines(folder)
    written(folder, lines[:3] + lines[4:])
    assert fault_of(folder) == (
        "audit.jsonl",
        4,
        "number 5 stands where 4 was due, so lines are missing or moved",
    )


def test_a_removed_file_is_found(folder: Path) -> None:
    (folder / "audit-1.jsonl").unlink()
    _, line, what = fault_of(folder)
    assert line == 1
    assert "stands where 1 was due" in what


def test_swapped_lines_are_found(folder: Path) -> None:
    lines = raw_lines(folder)
    lines[2], lines[3] = lines[3], lines[2]
    written(folder, lines)
    assert fault_of(folder)[:2] == ("audit.jsonl", 3)


def test_a_forged_line_with_a_digest_of_its_own_is_found_at_the_next(folder: Path) -> None:
    lines = raw_lines(folder)
    lines[4] = rewritten(lines[4], subject="another model")
    written(folder, lines)
    assert fault_of(folder) == (
        "audit.jsonl",
        6,
        "it follows another line than the one before it, so one of the two was replaced",
    )


def test_a_forged_last_line_is_found_by_the_head(folder: Path) -> None:
    lines = raw_lines(folder)
    written(folder, [*lines[:-1], rewritten(lines[-1], actor="somebody else")])
    assert fault_of(folder) == (
        "head.json",
        0,
        f"it names another line {LINES} than the log holds",
    )


@pytest.mark.parametrize("kept", [0, 1, LINES - 1])
def test_a_cut_end_is_found(folder: Path, kept: int) -> None:
    written(folder, raw_lines(folder)[:kept])
    file, _, what = fault_of(folder)
    assert file == "head.json"
    assert what == f"it counts {LINES} lines and there are {kept}, so some were cut off the end"


def test_a_head_one_behind_is_a_crash_and_two_behind_is_not(folder: Path) -> None:
    entries = [json.loads(line) for line in raw_lines(folder)]
    write_head(folder, Head(seq=LINES - 1, digest=entries[-2]["digest"]))
    assert verify(folder).fault is None
    write_head(folder, Head(seq=LINES - 2, digest=entries[-3]["digest"]))
    assert fault_of(folder)[0] == "head.json"
    write_head(folder, Head(seq=LINES - 1, digest="f" * 64))
    assert fault_of(folder)[0] == "head.json"


def test_a_missing_and_a_garbled_head_are_found(folder: Path) -> None:
    (folder / "head.json").write_text("{}")
    assert fault_of(folder) == ("head.json", 0, "it cannot be understood")
    (folder / "head.json").unlink()
    assert fault_of(folder)[0] == "head.json"


def test_a_line_without_an_end_is_found_in_bounded_memory(folder: Path) -> None:
    with current(folder).open("ab") as file:
        file.truncate(2**30)
    tracemalloc.start()
    _, _, what = fault_of(folder)
    assert what == "it is longer than any line that the box writes"
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_nothing_but_a_copy_that_may_not_be_written_is_needed(folder: Path) -> None:
    copy = folder.with_name("evidence")
    shutil.copytree(folder, copy)
    (copy / "lock").unlink()
    copy.chmod(0o500)
    assert verify(copy).entries == LINES
    assert not (copy / "lock").exists()
    copy.chmod(0o700)


def test_an_empty_folder_is_whole_and_a_missing_one_cannot_be_read(tmp_path: Path) -> None:
    AuditLog(tmp_path / "audit")
    assert verify(tmp_path / "audit").entries == 0
    with pytest.raises(AuditUnavailable, match="cannot be read"):
        verify(tmp_path / "nowhere")


@pytest.mark.parametrize("lines", [20_000])
def test_many_lines_verify_in_bounded_memory(tmp_path: Path, lines: int) -> None:
    lines = int(os.environ.get("AUDIT_TEST_LINES", lines))
    AuditLog(tmp_path)
    end = GENESIS
    with current(tmp_path).open("wb") as file:
        for number in range(lines):
            entry = AuditEntry.sealed(event(), number + 1, 1.7e9 + number, end.digest)
            file.write(entry.line)
            end = Head(seq=entry.seq, digest=entry.digest)
    write_head(tmp_path, end)
    tracemalloc.start()
    report = verify(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (report.entries, report.fault) == (lines, None)
    assert peak < 2 * 2**20 < current(tmp_path).stat().st_size
    assert read_head(tmp_path) == end
