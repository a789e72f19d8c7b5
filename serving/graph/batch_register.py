"""Which processes of this box do batch work: one small file for each, in a folder of the box."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from serving.jobs.owner import started_ticks


def register_folder(run_dir: Path) -> Path:
    """Where the box's batch processes are registered."""
    return run_dir / "batch"


def enter(folder: Path) -> None:
    """Registers this process; a second time does nothing more."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / str(os.getpid())).write_text(str(started_ticks(os.getpid())), "ascii")


@dataclass(frozen=True, slots=True)
class BatchProcess:
    """A registered process, held by a descriptor: its number cannot become another's unnoticed."""

    pid: int
    descriptor: int

    def signal(self, number: int) -> bool:
        """False where the process has ended."""
        try:
            signal.pidfd_send_signal(self.descriptor, number)
        except ProcessLookupError:
            return False
        return True

    def close(self) -> None:
        os.close(self.descriptor)


def find(folder: Path, known: set[int]) -> list[BatchProcess]:
    """Registered processes besides those known; files of ended ones are removed."""
    found = []
    for path in _files(folder):
        pid = int(path.name)
        if pid in known:
            continue
        process = _open(pid, path)
        if process is None:
            path.unlink(missing_ok=True)
        else:
            found.append(process)
    return found


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.name.isdecimal()]
    except FileNotFoundError:
        return []


def _open(pid: int, path: Path) -> BatchProcess | None:
    """The process that wrote the file, if it still lives and is really batch work."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return None
    with suppress(OSError):
        wrote = path.read_text("ascii")
        if wrote == str(started_ticks(pid)) and os.sched_getscheduler(pid) == os.SCHED_IDLE:
            return BatchProcess(pid, descriptor)
    os.close(descriptor)
    return None
