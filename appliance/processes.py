"""The processes of one box, told from all others by an id in their environment.

Parentage is no help: Ray's processes live on when their parents are killed, and still listen.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import BoxFailed
from appliance.state_dir import BOX_ID_VARIABLE

PROC = Path("/proc")
_SCAN_PAUSE_S = 0.05
_UNKILLABLE_AFTER_S = 30.0


class Watched:
    """One process by a file descriptor, so that a reused pid is never mistaken for it."""

    def __init__(self, name: str, pid: int) -> None:
        """Raises ProcessLookupError where there is no such process."""
        self.name = name
        self.pid = pid
        self._fd = os.pidfd_open(pid)

    def fileno(self) -> int:
        return self._fd

    def wait(self, timeout_s: float) -> bool:
        """Whether it has ended within `timeout_s`."""
        return first_ended([self], timeout_s) is not None

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal; nothing where the process has ended."""
        try:
            signal.pidfd_send_signal(self._fd, number)
        except ProcessLookupError:
            return

    def close(self) -> None:
        os.close(self._fd)


def first_ended(watched: list[Watched], timeout_s: float) -> Watched | None:
    """The first of the processes to end within `timeout_s`; None where all live on."""
    poll = select.poll()
    for process in watched:
        poll.register(process.fileno(), select.POLLIN)
    ended = {fd for fd, _ in poll.poll(max(0.0, timeout_s) * 1000)}
    return next((p for p in watched if p.fileno() in ended), None)


def pids_of_box(box_id: str, proc: Path = PROC) -> Iterator[int]:
    """Living processes, this one left out, that carry the box's id in their environment."""
    mark = f"{BOX_ID_VARIABLE}={box_id}".encode()
    for entry in proc.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if mark in environment.split(b"\0"):
            yield int(entry.name)


def end_box(box_id: str, grace_s: float) -> int:
    """Ends every process of the box: SIGTERM, `grace_s` seconds, then SIGKILL. Returns how many.

    Looks again until none is left, since a process may start others while it is being ended.
    Raises BoxFailed where the kernel does not let one go.
    """
    ended: set[int] = set()
    deadline = time.monotonic() + grace_s
    asked: set[int] = set()
    while found := set(pids_of_box(box_id)):
        patient = time.monotonic() < deadline
        for pid in found - asked if patient else found:
            _send(pid, signal.SIGTERM if patient else signal.SIGKILL)
        asked |= found
        ended |= found
        if time.monotonic() > deadline + _UNKILLABLE_AFTER_S:
            raise BoxFailed(f"processes {sorted(found)} of an earlier run cannot be ended")
        time.sleep(_SCAN_PAUSE_S)
    return len(ended)


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def alive(pid: int) -> bool:
    """Whether a process with this pid exists and is no zombie."""
    try:
        text = (PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return not text.rpartition(")")[2].lstrip().startswith(("Z", "X"))
