"""The log as it stood at one moment, read while others append to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from serving.audit.entry import LONGEST_LINE, AuditEntry, read_entry
from serving.audit.head import Head, read_head
from serving.audit.lock import reading
from serving.audit.refusal import in_one_sentence
from serving.audit.segment import CURRENT_NAME, full_segments, read_ending


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, not yet judged."""

    file: str
    number: int
    """From 1, within the file."""
    raw: bytes
    """With its newline; cut one byte above the longest line that the box writes."""


@dataclass(frozen=True, slots=True)
class LogView:
    """All lines up to one moment."""

    full: tuple[Path, ...]
    current: BinaryIO | None
    """Opened under the lock, for it may be renamed meanwhile."""
    size: int
    """Bytes of whole lines in `current`."""
    torn_bytes: int
    """After them: what a crash left of a line that nobody was told is safe."""
    head: Head | None

    def lines(self) -> Iterator[Line]:
        """From the first to the last, a line at a time. Raises OSError."""
        for path in self.full:
            with path.open("rb") as file:
                yield from _lines(file, path.name, path.stat().st_size)
        if self.current is not None:
            self.current.seek(0)
            yield from _lines(self.current, CURRENT_NAME, self.size)

    def newest(self, count: int) -> list[AuditEntry]:
        """The last `count` entries, oldest first; lines that are none are left out."""
        found: list[AuditEntry] = []
        if self.current is not None:
            found = _tail(self.current, self.size, count)
        for path in reversed(self.full):
            if len(found) >= count:
                break
            with path.open("rb") as file:
                found = _tail(file, path.stat().st_size, count) + found
        return found[-count:]


@contextlib.contextmanager
def open_log(folder: Path) -> Iterator[LogView]:
    """Holds the log's lock only while it opens. Raises AuditUnavailable."""
    with in_one_sentence("read"), contextlib.ExitStack() as held:
        with reading(folder):
            current = _open_current(folder, held)
            ending = read_ending(current) if current else None
            view = LogView(
                tuple(full_segments(folder)),
                current,
                ending.size if ending else 0,
                len(ending.torn) if ending else 0,
                read_head(folder),
            )
        yield view


def _open_current(folder: Path, held: contextlib.ExitStack) -> BinaryIO | None:
    try:
        return held.enter_context((folder / CURRENT_NAME).open("rb"))
    except FileNotFoundError:
        return None


def _lines(file: BinaryIO, name: str, size: int) -> Iterator[Line]:
    number = 0
    while size > 0:
        raw = file.readline(min(size, LONGEST_LINE + 1))
        if not raw:
            return
        number += 1
        size -= len(raw)
        yield Line(name, number, raw)


def _tail(file: BinaryIO, size: int, count: int) -> list[AuditEntry]:
    start = max(0, size - count * LONGEST_LINE)
    file.seek(start)
    raw = file.read(size - start).splitlines(keepends=True)
    return [entry for line in raw if (entry := read_entry(line))][-count:]
