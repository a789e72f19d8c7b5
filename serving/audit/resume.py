"""Where the chain goes on: the end of the files and the head, which a crash may have parted."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from serving.audit.entry import read_entry
from serving.audit.head import GENESIS, HEAD_NAME, Head, read_head, write_head
from serving.audit.segment import CURRENT_NAME, Ending, full_segments, read_ending
from serving.domain.audit import BOX, AuditEvent, Outcome
from serving.domain.errors import AuditUnavailable


@dataclass(frozen=True, slots=True)
class Resumption:
    """The line that the next one follows, and what the log must say of itself first."""

    end: Head
    notes: tuple[AuditEvent, ...]


@dataclass(frozen=True, slots=True)
class _Last:
    end: Head
    previous: str


def resume(folder: Path, file: BinaryIO) -> Resumption:
    """Makes the end of `file`, the growing one, fit for the next line. Hold the log's lock.

    A line that a crash tore is cut off. Where files and head contradict each other, the chain
    follows the head, so that `verify` still finds the place afterwards. Raises OSError, and
    AuditUnavailable where neither can be understood.
    """
    ending = read_ending(file)
    torn = [_cut_off(file, ending)] if ending.torn else []
    last = _last(ending) if ending.line else _last_of_full(folder)
    head = read_head(folder)
    end, doubt = _agree(last, head)
    if ending.line and not ending.line.endswith(b"\n"):
        file.write(b"\n")
    if doubt is None and end != head:
        # A crash came between line and head; left so, the head would fall further behind.
        write_head(folder, end)
    return Resumption(end, (*torn, *([doubt] if doubt else ())))


def _agree(last: _Last | None, head: Head | None) -> tuple[Head, AuditEvent | None]:
    if head is None:
        if last is None:
            raise AuditUnavailable(
                "neither the end of the audit log nor its head.json can be understood; "
                "keep the folder as evidence and move it away, then a new log begins"
            )
        return last.end, _note("repaired", HEAD_NAME, "could not be understood, made anew")
    if last is not None and (last.end == head or _one_behind(head, last)):
        return last.end, None
    found = f"the files end at line {last.end.seq}" if last else "the last line is not whole"
    return head, _note("contradicted", CURRENT_NAME, f"{found}, the head at line {head.seq}")


def _one_behind(head: Head, last: _Last) -> bool:
    return last.end.seq == head.seq + 1 and last.previous == head.digest


def _last(ending: Ending) -> _Last | None:
    entry = read_entry(ending.line)
    if entry is None or not entry.whole:
        return None
    return _Last(Head(seq=entry.seq, digest=entry.digest), entry.previous)


def _last_of_full(folder: Path) -> _Last | None:
    full = full_segments(folder)
    if not full:
        return _Last(GENESIS, "")
    with full[-1].open("rb") as file:
        return _last(read_ending(file))


def _cut_off(file: BinaryIO, ending: Ending) -> AuditEvent:
    os.ftruncate(file.fileno(), ending.size)
    digest = hashlib.sha256(ending.torn).hexdigest()
    cut = f"cut off {len(ending.torn)} bytes of an unfinished line with SHA-256 {digest}"
    return _note("repaired", CURRENT_NAME, cut)


def _note(what: str, file: str, detail: str) -> AuditEvent:
    return AuditEvent(
        actor=BOX,
        role=BOX,
        action=f"audit.{what}",
        subject=file,
        outcome=Outcome.DONE,
        detail=detail,
    )
