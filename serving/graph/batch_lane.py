"""Puts a worker process on the batch lane: idle scheduling, one thread, the batch CPUs."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from serving.engine.binding import bind_all_threads, run_idle
from serving.graph.batch_register import enter

_ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def runtime_env() -> dict[str, Any]:
    """The Ray runtime environment of batch work.

    Ray starts an actor in an idle process of the same environment: one of its own also keeps a
    model server from being started in a process that runs under SCHED_IDLE.
    """
    return {
        "env_vars": dict.fromkeys(_ONE_THREAD, "1"),
        "worker_process_setup_hook": f"{__name__}.begin",
    }


def begin() -> None:
    """Ray calls this in a new process, before it imports what it is to run."""
    run_idle()


def keep_to(cpus: Collection[int] | None, register: Path | None = None) -> None:
    """Binds every thread to these CPUs, None: to none in particular, all under SCHED_IDLE.

    Where `register` is given, the box's governor may hold this process (`batch_governor`).
    """
    if cpus:
        bind_all_threads(cpus)
    run_idle()
    if register is not None:
        enter(register)
