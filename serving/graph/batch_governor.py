"""Holds batch work still while interactive requests are at work on the same CPUs.

SCHED_IDLE gives a batch process only what nobody else wants, and yet it runs in every gap between
two layers of a network, evicts what they share of the caches and slows the sibling hyperthread.
Stopped processes do none of it.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from serving.graph.batch_register import BatchProcess, find


@dataclass(frozen=True, slots=True)
class GovernorLimits:
    """How often it looks, and how long batch work may be held."""

    poll_s: float = 0.002
    quiet_s: float = 0.004
    """Nothing interactive for so long, then batch work goes on."""
    longest_hold_s: float = 2.0
    """Under a load without gaps batch work still gets `least_run_s` after each hold."""
    least_run_s: float = 0.25
    look_for_processes_s: float = 0.5


class BatchGovernor:
    """Stops and continues the batch processes registered in `folder`, as `is_busy` says."""

    def __init__(
        self, folder: Path, is_busy: Callable[[], bool], limits: GovernorLimits | None = None
    ) -> None:
        self._folder = folder
        self._is_busy = is_busy
        self._limits = limits or GovernorLimits()
        self._processes: dict[int, BatchProcess] = {}
        self._held_since_s: float | None = None
        self._busy_at_s = float("-inf")
        self._run_until_s = float("-inf")
        self._look_at_s = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; whatever is held then goes on."""
        try:
            while not stop.wait(self._pause_s()):
                self.step(time.monotonic())
        finally:
            self._let_go()
            for process in self._processes.values():
                process.close()

    def step(self, now_s: float) -> None:
        """One look at the load; `now_s` on the clock of `time.monotonic()`."""
        if now_s >= self._look_at_s:
            self._look_at_s = now_s + self._limits.look_for_processes_s
            self._meet_new_ones()
        if not self._processes:
            return
        if self._is_busy():
            self._busy_at_s = now_s
        if self._held_since_s is None:
            if self._busy_at_s == now_s and now_s >= self._run_until_s:
                self._hold(now_s)
        elif now_s - self._busy_at_s >= self._limits.quiet_s:
            self._let_go()
        elif now_s - self._held_since_s >= self._limits.longest_hold_s:
            self._let_go()
            self._run_until_s = now_s + self._limits.least_run_s

    def _pause_s(self) -> float:
        return self._limits.poll_s if self._processes else self._limits.look_for_processes_s

    def _meet_new_ones(self) -> None:
        """One that a governor before this left stopped goes on."""
        for process in find(self._folder, set(self._processes)):
            self._processes[process.pid] = process
            process.signal(signal.SIGCONT if self._held_since_s is None else signal.SIGSTOP)

    def _hold(self, now_s: float) -> None:
        self._held_since_s = now_s
        self._tell_all(signal.SIGSTOP)

    def _let_go(self) -> None:
        if self._held_since_s is not None:
            self._held_since_s = None
            self._tell_all(signal.SIGCONT)

    def _tell_all(self, number: int) -> None:
        gone = [p for p in self._processes.values() if not p.signal(number)]
        for process in gone:
            process.close()
            del self._processes[process.pid]
