"""Appending to the audit log."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from serving.audit.entry import LONGEST_LINE, AuditEntry, read_entry
from serving.audit.head import PRIVATE, Head, write_head
from serving.audit.lock import writing
from serving.audit.refusal import in_one_sentence
from serving.audit.resume import resume
from serving.audit.segment import CURRENT_NAME, segment_name
from serving.audit.settings import AuditSettings
from serving.domain.audit import AuditEvent
from serving.domain.disk import sync


class AuditLog:
    """The hash-chained log in one folder; any process of the box may append to it.

    Each line is on the disk before `record` returns, which takes milliseconds and may wait for
    other processes: on an event loop, `await asyncio.to_thread(log.record, event)`.

    The chain shows what was changed, removed or put in between by anybody who did not write the
    rest of the log anew. Against somebody who could, keep the last digest, as
    `aibox audit verify` prints it, in another place.
    """

    def __init__(
        self,
        folder: Path,
        settings: AuditSettings | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Makes the folder, for its owner alone. Raises AuditUnavailable."""
        self._folder = folder
        self._current = folder / CURRENT_NAME
        self._max_bytes = (settings or AuditSettings()).segment_max_bytes
        self._clock = clock
        with in_one_sentence("written"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)

    def record(self, event: AuditEvent) -> None:
        """Appends one line; it survives a power cut once this returns. Raises AuditUnavailable."""
        with in_one_sentence("written"), writing(self._folder):
            with self._open() as file:
                found = resume(self._folder, file)
            self._set_aside_when_full()
            with self._open() as file:
                end = found.end
                for each in (*found.notes, event):
                    end = self._append(file, each, end)

    def _open(self) -> BinaryIO:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        return os.fdopen(os.open(self._current, flags, PRIVATE), "r+b", buffering=0)

    def _append(self, file: BinaryIO, event: AuditEvent, end: Head) -> Head:
        entry = AuditEntry.sealed(event, end.seq + 1, self._clock(), end.digest)
        # A disk that fills up meanwhile leaves a torn line, which the next append cuts off.
        if file.write(entry.line) != len(entry.line):
            raise OSError(0, "the disk took half a line")
        os.fsync(file.fileno())
        new = Head(seq=entry.seq, digest=entry.digest)
        write_head(self._folder, new)
        return new

    def _set_aside_when_full(self) -> None:
        if self._current.stat().st_size < self._max_bytes:
            return
        with self._current.open("rb") as file:
            first = read_entry(file.readline(LONGEST_LINE))
        # Without a free name the file grows on: too large is better than lost.
        if first is None or (full := self._folder / segment_name(first.seq)).exists():
            return
        self._current.rename(full)
        sync(self._folder)
