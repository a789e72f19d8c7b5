"""Queue lengths of all replicas in one small memory-mapped file.

One cache line of eight 64-bit words for each node: magic, pid, heartbeat (nanoseconds of
CLOCK_MONOTONIC, which all processes share), load (slots << 32 | queue length), interactive
requests among them. Each word has one writer, is stored whole, and needs no lock; a reader that
meets two words of different moments makes at worst one needless hop.
"""

from __future__ import annotations

import mmap
import os
import time
from dataclasses import dataclass
from pathlib import Path

_MAGIC = 0x61_69_62_6F_78_00_00_01
_WORDS = 8
_LINE_BYTES = _WORDS * 8
_PID, _HEARTBEAT, _LOAD, _INTERACTIVE = 1, 2, 3, 4
_LOW = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class NodeLoad:
    """One replica's queue: requests waiting or running, and how many can run at once.

    `interactive` are those of them that are not of the batch lane.
    """

    node: int
    length: int
    slots: int
    interactive: int = 0


class QueueBoard:
    """The board at `path` for `nodes` replicas; made where absent, private to its owner."""

    def __init__(self, path: Path, nodes: int, *, stale_s: float = 1.5) -> None:
        size_bytes = nodes * _LINE_BYTES
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(descriptor).st_size < size_bytes:
                os.ftruncate(descriptor, size_bytes)
            self._map = mmap.mmap(descriptor, size_bytes)
        finally:
            os.close(descriptor)
        self._words = memoryview(self._map).cast("Q")
        self._stale_ns = int(stale_s * 1e9)
        self.nodes = nodes

    def publish(self, load: NodeLoad) -> None:
        """Writes this replica's own line; nobody else may."""
        line = load.node * _WORDS
        self._words[line + _LOAD] = load.slots << 32 | min(load.length, _LOW)
        self._words[line + _INTERACTIVE] = load.interactive
        self._words[line + _PID] = os.getpid()
        self._words[line + _HEARTBEAT] = time.monotonic_ns()
        self._words[line] = _MAGIC

    def withdraw(self, node: int) -> None:
        """Takes this replica off the board: it is stopping."""
        self._words[node * _WORDS] = 0

    def read(self, node: int) -> NodeLoad | None:
        """A replica's load; None where none has been seen within the last `stale_s`."""
        line = node * _WORDS
        if self._words[line] != _MAGIC:
            return None
        age_ns = time.monotonic_ns() - self._words[line + _HEARTBEAT]
        if not -self._stale_ns <= age_ns <= self._stale_ns:
            return None
        load = self._words[line + _LOAD]
        return NodeLoad(node, load & _LOW, load >> 32, self._words[line + _INTERACTIVE])

    def interactive(self) -> int:
        """Requests that wait or run on all replicas and are not of the batch lane."""
        loads = (self.read(node) for node in range(self.nodes))
        return sum(load.interactive for load in loads if load is not None)

    def close(self) -> None:
        """Unmaps the file, which stays."""
        self._words.release()
        self._map.close()
