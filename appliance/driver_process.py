"""The child process that hosts Ray, seen from outside: started, watched, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel

from appliance.box_state import ReadyReport
from appliance.errors import BoxFailed
from appliance.processes import Watched, end_box, first_ended
from appliance.state_dir import BOX_ID_VARIABLE, StateDir

GRACEFUL_STOP_S = 30.0
"""The driver's promise after SIGTERM."""


_KEEP_ENVIRON = {"SPT_NOENV": "1"}
"""Ray's processes change their titles; this keeps the titles from running over the environment in
/proc, where the box's id is."""


def driver_command(state: StateDir) -> list[str]:
    """How the real driver is called."""
    return [sys.executable, "-m", "serving.graph.driver", str(state.settings)]


class FailedReport(BaseModel):
    """`run/failed.json`: why the driver cannot start, in one sentence without patient data."""

    kind: str
    message: str


class DriverProcess:
    """One life of the driver and of all processes that it starts."""

    def __init__(self, state: StateDir, command: Sequence[str]) -> None:
        """Starts it in a session of its own, so that a terminal's ctrl-C does not reach it."""
        self._state = state
        self._box_id = state.box_id()
        _forget(state.ready, state.failed)
        output = _private_file(state.logs / "driver.out")
        try:
            self._child = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, BOX_ID_VARIABLE: self._box_id, **_KEEP_ENVIRON},
            )
        finally:
            os.close(output)
        self._watched = [Watched("driver", self._child.pid)]

    def wait_ready(self, timeout_s: float) -> ReadyReport | None:
        """The driver's report as soon as it is there; None when not within `timeout_s`.

        From then on raylet and gcs are watched too. Raises BoxFailed where the driver ended.
        """
        if (report := self._read_ready()) is not None:
            return self._watch(report)
        if first_ended(self._watched, timeout_s) is not None:
            raise BoxFailed(self._why_it_ended())
        return None

    def lost(self, timeout_s: float) -> str | None:
        """The name of what ended first within `timeout_s`: driver, raylet or gcs."""
        ended = first_ended(self._watched, timeout_s)
        return ended.name if ended else None

    def stop(self, leftover_grace_s: float) -> None:
        """Asks the driver to stop, then ends whatever is left of its box."""
        self._watched[0].signal(signal.SIGTERM)
        self._watched[0].wait(GRACEFUL_STOP_S)
        self.end(leftover_grace_s)

    def end(self, grace_s: float) -> None:
        """Ends the whole tree of this box, reaps the driver and closes what watched it."""
        end_box(self._box_id, grace_s)
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(5.0)
        for process in self._watched:
            process.close()
        self._watched = []
        _forget(self._state.ready)

    def _read_ready(self) -> ReadyReport | None:
        try:
            text = self._state.ready.read_text("utf-8")
        except FileNotFoundError:
            return None
        return ReadyReport.model_validate_json(text)

    def _watch(self, report: ReadyReport) -> ReadyReport:
        for name, pid in (("raylet", report.raylet_pid), ("gcs", report.gcs_pid)):
            try:
                self._watched.append(Watched(name, pid))
            except ProcessLookupError:
                raise BoxFailed(f"the {name} ended while the box was starting") from None
        return report

    def _why_it_ended(self) -> str:
        """The driver's own sentence, or where to look for the reason."""
        try:
            told = FailedReport.model_validate_json(self._state.failed.read_text("utf-8"))
        except (OSError, ValueError):
            code = self._child.poll()
            return (
                f"the driver ended before the box was ready (exit {code}); "
                f"see {self._state.logs}/driver.out and driver.jsonl"
            )
        return told.message


def _private_file(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def _forget(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
