"""The processes of one box, told from all others by an id in their environment.

Parentage is no help: Ray's processes live on when their parents are killed, and still listen.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
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

    Looks again until none is left, since a process may start others while it is being ended. A
    dying process loses its environment before it closes its sockets, so each is also waited for.
    Raises BoxFailed where the kernel does not let one go.
    """
    dying: dict[int, Watched] = {}
    ended = 0
    deadline = time.monotonic() + grace_s
    while True:
        new = [pid for pid in pids_of_box(box_id) if pid not in dying]
        dying.update(_watch(new))
        patient = time.monotonic() < deadline
        for process in dying.values() if not patient else (dying[p] for p in new if p in dying):
            process.signal(signal.SIGTERM if patient else signal.SIGKILL)
        ended += _drop_ended(dying, _SCAN_PAUSE_S)
        if not dying and not new:
            return ended
        if time.monotonic() > deadline + _UNKILLABLE_AFTER_S:
            raise BoxFailed(f"processes {sorted(dying)} of an earlier run cannot be ended")


def _watch(pids: list[int]) -> dict[int, Watched]:
    found = {}
    for pid in pids:
        with suppress(ProcessLookupError):
            found[pid] = Watched("process of the box", pid)
    return found


def _drop_ended(dying: dict[int, Watched], timeout_s: float) -> int:
    """Takes out the processes that have ended, waiting `timeout_s` for the first of them."""
    first_ended(list(dying.values()), timeout_s if dying else 0.0)
    ended = [pid for pid, process in dying.items() if process.wait(0.0)]
    for pid in ended:
        dying.pop(pid).close()
    return len(ended)


def alive(pid: int) -> bool:
    """Whether a process with this pid exists and is no zombie."""
    try:
        text = (PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return not text.rpartition(")")[2].lstrip().startswith(("Z", "X"))
