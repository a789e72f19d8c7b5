"""Who holds a lease, and whether that process still lives."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Owner:
    """One worker: the process it lives in and a part that tells workers of one process apart.

    A process id alone is not enough: ids are used again, machines are started again, and
    containers count their own.
    """

    boot_id: str
    pid_namespace: str
    pid: int
    started_ticks: int
    worker: str

    @classmethod
    def of_this_process(cls) -> Owner:
        pid = os.getpid()
        ticks = started_ticks(pid)
        return cls(_boot_id(), _pid_namespace(), pid, ticks or 0, uuid.uuid4().hex[:8])

    @property
    def token(self) -> str:
        """The form kept in the database."""
        parts = (self.boot_id, self.pid_namespace, self.pid, self.started_ticks, self.worker)
        return "/".join(str(part) for part in parts)

    @classmethod
    def parse(cls, token: str) -> Owner:
        boot_id, namespace, pid, ticks, worker = token.split("/")
        return cls(boot_id, namespace, int(pid), int(ticks), worker)

    @property
    def dead(self) -> bool:
        """True where the process is certainly gone; False where it lives or cannot be seen."""
        if self.boot_id != _boot_id():
            return True
        if self.pid_namespace != _pid_namespace():
            return False
        return started_ticks(self.pid) != self.started_ticks


def _boot_id() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()


def _pid_namespace() -> str:
    return str((_PROC / "self/ns/pid").stat().st_ino)


def started_ticks(pid: int) -> int | None:
    """Start time in clock ticks since boot (proc(5), stat field 22); None for no or a zombie."""
    try:
        text = (_PROC / str(pid) / "stat").read_text("utf-8", errors="replace")
    except OSError:
        return None
    # The command, field 2, may hold blanks and brackets; what follows its last bracket is regular.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])
