"""Takes a node for this process: its lock, its CPUs, its memory.

Memory policy: Linux set_mempolicy(2), which counts for the calling thread and the threads that
it starts later; set it before OpenVINO starts its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import fcntl
import os
import platform
import time
from collections.abc import Collection
from pathlib import Path
from types import TracebackType

from serving.engine.machine import SYSFS, parse_cpu_list

_LOCK_POLL_S = 0.1
_AUTOGROUP = Path("/proc/self/autogroup")
_AUTOGROUP_TRIES = 20
_AUTOGROUP_PAUSE_S = 0.1
_MPOL_PREFERRED = 1
"""Preferred, not bound: a node that runs out of memory borrows from the other, and nobody dies."""

_SET_MEMPOLICY = {"x86_64": 238, "aarch64": 237}
_MASK_BITS = 1024


class NodeClaim:
    """A node held by a lock that the kernel frees when this process dies."""

    def __init__(self, index: int, descriptor: int) -> None:
        self.index = index
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Gives the node back; harmless when done twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> NodeClaim:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def try_claim_node(run_dir: Path, node_count: int) -> NodeClaim | None:
    """The first free node of 0..node_count-1 by `run_dir/node-<n>.lock`; None if all are held."""
    run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for index in range(node_count):
        path = run_dir / f"node-{index}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        return NodeClaim(index, descriptor)
    return None


async def claim_node(run_dir: Path, node_count: int) -> NodeClaim:
    """The same, waiting until a node is free; cancel it to stop waiting."""
    while (claim := try_claim_node(run_dir, node_count)) is None:  # noqa: ASYNC110
        await asyncio.sleep(_LOCK_POLL_S)  # the holder is another process
    return claim


def bind_all_threads(cpus: Collection[int]) -> int:
    """Binds every thread of this process to these CPUs; returns how many.

    Threads started later inherit from the one that starts them. A thread started by one not yet
    bound is caught by looking again until none is new. Raises OSError for CPUs not allowed.
    """
    bound: set[int] = set()
    while new := _threads() - bound:
        for thread in new:
            with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
                os.sched_setaffinity(thread, cpus)
            bound.add(thread)
    return len(bound)


def bind_memory(numa_node: int | None, sysfs: Path = SYSFS) -> str:
    """Lets this thread and its future ones take memory from a NUMA node first.

    Returns a sentence: what was set, or why nothing was.
    """
    if numa_node is None:
        return "No memory policy: the node was configured over CPUs of several NUMA nodes."
    if len(_memory_nodes(sysfs)) < 2:
        return "No memory policy: the machine has one memory node."
    failure = _set_mempolicy(_MPOL_PREFERRED, numa_node)
    if failure:
        return f"No memory policy: the kernel refused set_mempolicy ({failure})."
    return f"Memory from NUMA node {numa_node} first (MPOL_PREFERRED)."


def run_idle() -> None:
    """Puts this process behind all others: it gets CPU that nobody else wants.

    Every thread goes under SCHED_IDLE, which counts inside one autogroup; Linux makes one for
    each session and shares the CPUs out evenly among them (sched(7)). So a process that leads a
    session gives its autogroup the least weight too; another shares it with those it waits for.
    """
    for thread in _threads():
        with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
            os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))
    if os.getsid(0) == os.getpid():
        _give_autogroup_least_weight()


def _give_autogroup_least_weight() -> None:
    """Does what it can: without autogroups there is nothing to do."""
    for _ in range(_AUTOGROUP_TRIES):
        try:
            _AUTOGROUP.write_text("19", "ascii")
        except BlockingIOError:  # the kernel takes one of these every tenth of a second
            time.sleep(_AUTOGROUP_PAUSE_S)
        except OSError:
            return
        else:
            return


def _threads() -> set[int]:
    return {int(entry.name) for entry in Path("/proc/self/task").iterdir()}


def _memory_nodes(sysfs: Path) -> tuple[int, ...]:
    try:
        return parse_cpu_list((sysfs / "node" / "has_memory").read_text("ascii"))
    except OSError:
        return ()


def _set_mempolicy(mode: int, numa_node: int) -> str:
    """Empty on success, else the name of the error."""
    number = _SET_MEMPOLICY.get(platform.machine())
    if number is None:
        return "ENOSYS"
    word_bits = 8 * ctypes.sizeof(ctypes.c_ulong)
    mask = (ctypes.c_ulong * (_MASK_BITS // word_bits))()
    mask[numa_node // word_bits] = 1 << (numa_node % word_bits)
    libc = ctypes.CDLL(None, use_errno=True)
    outcome = libc.syscall(
        ctypes.c_long(number), ctypes.c_int(mode), mask, ctypes.c_ulong(_MASK_BITS)
    )
    return "" if outcome == 0 else errno.errorcode.get(ctypes.get_errno(), "unknown")
