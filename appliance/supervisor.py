"""Keeps one box running: starts the driver, watches it, and starts afresh when it is lost.

Never imports ray. Ray cannot mend the loss of its raylet or gcs, and its replicas outlive them and
keep listening; so the loss of any of the three ends the whole box, by the id that every process
of the box carries, and a new one is started.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from appliance.backoff import Backoff
from appliance.box_state import BoxState, Phase
from appliance.driver_process import DriverProcess
from appliance.errors import AddressTaken, BoxFailed
from appliance.processes import end_box
from appliance.state_dir import StateDir

log = logging.getLogger(__name__)

Announce = Callable[[Phase], None]


@dataclass(frozen=True, slots=True)
class SupervisionLimits:
    """Patience of the supervisor."""

    start_timeout_s: float = 300.0
    first_start_tries: int = 2
    """A box that has never served is given up after so many tries."""
    poll_s: float = 0.2
    stable_after_s: float = 60.0
    """A box that served this long starts its back-off from the beginning."""
    loss_grace_s: float = 1.0
    """Between SIGTERM and SIGKILL for what is left when the driver has ended."""
    orphan_grace_s: float = 5.0
    backoff: Backoff = field(default_factory=Backoff)


class Supervisor:
    """Runs one box until it is told to stop; the caller holds the state directory's lock."""

    def __init__(
        self,
        state: StateDir,
        box: BoxState,
        command: Sequence[str],
        check_addresses: Callable[[], None],
        limits: SupervisionLimits | None = None,
    ) -> None:
        """`check_addresses` raises AddressTaken where the box could not listen."""
        self._state = state
        self._box = box
        self._command = command
        self._check_addresses = check_addresses
        self._limits = limits or SupervisionLimits()
        self._failures = 0
        self._has_served = False

    def run(self, stop: threading.Event, announce: Announce) -> None:
        """Returns after `stop` is set and the box is down.

        `announce` is told of every phase. Raises BoxFailed or AddressTaken where the box never
        came up; once it has served, it is tried again for ever.
        """
        ended = end_box(self._state.box_id(), self._limits.orphan_grace_s)
        if ended:
            log.warning("ended %d orphans of an earlier run", ended)
        while not stop.is_set():
            lost = self._one_life(stop, announce)
            if lost is not None:
                self._box.lost(lost)
                announce(self._box.report.phase)
                stop.wait(self._limits.backoff.pause_s(self._failures))
        log.info("the box is down")

    def _one_life(self, stop: threading.Event, announce: Announce) -> str | None:
        """From the start of a driver to its end; what was lost, or None after a wanted stop."""
        self._box.starting()
        announce(self._box.report.phase)
        if not self._addresses_are_free():
            return "address"
        clear_metrics(self._state)
        driver = DriverProcess(self._state, self._command)
        lost: str | None = "start"
        try:
            if self._came_up(driver, stop):
                self._has_served = True
                announce(self._box.report.phase)
                lost = self._watch(driver, stop)
            return None if stop.is_set() else lost
        finally:
            self._finish(driver, stop, announce)

    def _addresses_are_free(self) -> bool:
        try:
            self._check_addresses()
        except AddressTaken:
            if not self._has_served:
                raise
            self._failures += 1
            return False
        return True

    def _finish(self, driver: DriverProcess, stop: threading.Event, announce: Announce) -> None:
        if not stop.is_set():
            driver.end(self._limits.loss_grace_s)
            return
        self._box.stopping()
        announce(self._box.report.phase)
        driver.stop(self._limits.loss_grace_s)

    def _came_up(self, driver: DriverProcess, stop: threading.Event) -> bool:
        deadline = time.monotonic() + self._limits.start_timeout_s
        try:
            while not stop.is_set():
                if (ready := driver.wait_ready(self._limits.poll_s)) is not None:
                    self._box.serving(ready)
                    log.info("the box serves")
                    return True
                if time.monotonic() > deadline:
                    raise BoxFailed(f"not ready within {self._limits.start_timeout_s:.0f} seconds")
        except BoxFailed as error:
            self._failures += 1
            log.error("the box did not come up, try %d", self._failures)
            if not self._has_served and self._failures >= self._limits.first_start_tries:
                raise BoxFailed(f"the box did not come up: {error.message}") from None
        return False

    def _watch(self, driver: DriverProcess, stop: threading.Event) -> str | None:
        since = time.monotonic()
        while not stop.is_set():
            if (lost := driver.lost(self._limits.poll_s)) is not None:
                stable = time.monotonic() - since >= self._limits.stable_after_s
                self._failures = 0 if stable else self._failures + 1
                log.error("the box lost its %s and is started afresh", lost)
                return lost
        return None


def clear_metrics(state: StateDir) -> None:
    """Forgets the counters of processes that are gone; a new driver counts from zero."""
    shutil.rmtree(state.metrics, ignore_errors=True)
    state.metrics.mkdir(mode=0o700, parents=True, exist_ok=True)
