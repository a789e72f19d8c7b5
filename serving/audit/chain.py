"""Whether the log is whole: every line as it was written, none missing, none cut off the end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from serving.audit.entry import LONGEST_LINE, read_entry
from serving.audit.head import GENESIS, HEAD_NAME, Head
from serving.audit.reader import Line, LogView, open_log


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong."""

    file: str
    line: int
    """From 1; 0 for `head.json`, which has one line."""
    what: str

    @property
    def sentence(self) -> str:
        place = f"{self.file} line {self.line}" if self.line else self.file
        return (
            f"the audit log is broken at {place}: {self.what}; "
            "keep a copy of the folder as evidence before anything else"
        )


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What `verify` found."""

    entries: int
    """Whole lines up to the fault, or all."""
    files: int
    last_digest: str
    """Of the last whole line; kept in another place, it proves later what was there today."""
    torn_bytes: int
    """Of a line that a crash tore; the next append cuts it off. No fault."""
    fault: Fault | None


class _Walk:
    """Follows the chain line by line, remembering two lines and nothing else."""

    def __init__(self, head: Head | None) -> None:
        self._head = head
        self.end = GENESIS
        self._met_head = head == GENESIS

    def step(self, line: Line) -> str | None:
        """What is wrong with this line, if anything."""
        entry = read_entry(line.raw)
        if entry is None:
            return _unreadable(line.raw)
        if not entry.whole:
            return "its digest is not that of its content, so it was changed"
        due = self.end.seq + 1
        if entry.seq != due:
            return f"number {entry.seq} stands where {due} was due, so lines are missing or moved"
        if entry.previous != self.end.digest:
            return "it follows another line than the one before it, so one of the two was replaced"
        self.end = Head(seq=entry.seq, digest=entry.digest)
        self._met_head = self._met_head or self.end == self._head
        return None

    def finish(self) -> str | None:
        """What is wrong between the last line and the head; a crash may part them by one."""
        if self._head is None:
            return "it cannot be understood"
        counts = f"it counts {self._head.seq} lines and there are {self.end.seq}"
        if self._head.seq > self.end.seq:
            return f"{counts}, so some were cut off the end"
        if self._head.seq + 1 < self.end.seq:
            return f"{counts}, so it was replaced"
        if not self._met_head:
            return f"it names another line {self._head.seq} than the log holds"
        return None


def verify(folder: Path) -> ChainReport:
    """Reads the whole log, a line at a time, while others may append. Raises AuditUnavailable."""
    with open_log(folder) as view:
        walk = _Walk(view.head)
        fault = _first_fault(view, walk)
        files = len(view.full) + (view.current is not None)
        return ChainReport(walk.end.seq, files, walk.end.digest, view.torn_bytes, fault)


def _first_fault(view: LogView, walk: _Walk) -> Fault | None:
    for line in view.lines():
        what = walk.step(line)
        if what:
            return Fault(line.file, line.number, what)
    what = walk.finish()
    return Fault(HEAD_NAME, 0, what) if what else None


def _unreadable(raw: bytes) -> str:
    if len(raw) > LONGEST_LINE:
        return "it is longer than any line that the box writes"
    if not raw.endswith(b"\n"):
        return "it is not finished"
    return "it is not as the box writes an entry"
