"""Bounds on what one case may take: memory and time, kept by the kernel.

Memory: RLIMIT_DATA of setrlimit(2), which since Linux 4.7 counts private anonymous mappings.
Time: an interval timer whose SIGALRM ends the process; a thread that watched the clock would wait
for the interpreter lock, which a compiled kernel holds while it computes.
"""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GIB = 1024**3
_STATUS = Path("/proc/self/status")
_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


@contextmanager
def bounded(memory_bytes: int, timeout_s: float) -> Iterator[None]:
    """Inside, this process takes at most `memory_bytes`, its libraries included.

    More of it raises MemoryError; after `timeout_s` the process ends (SIGALRM).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    # The limit counts what is mapped; what was mapped and never touched takes no memory.
    left = max(0, memory_bytes - _kilobytes(_STATUS, "RssAnon"))
    resource.setrlimit(resource.RLIMIT_DATA, (_kilobytes(_STATUS, "VmData") + left, hard))
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def machine_memory_bytes() -> int:
    """What this process may use of the machine's memory: the tighter of RAM and cgroup."""
    total = _kilobytes(Path("/proc/meminfo"), "MemTotal")
    limits = [int(text) for path in _CGROUP_LIMITS if (text := _text(path)).isdigit()]
    return min([total, *limits])


def _kilobytes(path: Path, key: str) -> int:
    """A line `key: number kB` of a file of proc(5), in bytes."""
    for line in path.read_text("utf-8").splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0]) * 1024
    raise OSError(f"{path} does not say {key}")


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except OSError:
        return ""
