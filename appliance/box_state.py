"""What the supervisor knows of its box, for the admin server and for `aibox status`."""

from __future__ import annotations

import os
import threading
import time
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from appliance.lock import holder
from appliance.state_dir import StateDir
from appliance.version import box_version


class Phase(StrEnum):
    STARTING = "starting"
    SERVING = "serving"
    RECOVERING = "recovering"
    STOPPING = "stopping"


class ReadyReport(BaseModel):
    """`run/ready.json`: what the driver says once everything serves."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    driver_pid: int
    raylet_pid: int
    gcs_pid: int
    started_at: float
    """Seconds since the epoch."""


class BoxReport(BaseModel):
    """`run/supervisor.json`. Times are seconds since the epoch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int
    version: str
    phase: Phase
    since: float
    started_at: float
    restarts: int = 0
    last_loss: str = ""
    """What was lost before the last restart: driver, raylet, gcs or start."""
    grpc_address: str
    admin_address: str
    ready: ReadyReport | None = None

    @classmethod
    def new(cls, grpc_address: str, admin_address: str) -> BoxReport:
        """The report of this process, which starts a box now."""
        now = time.time()
        return cls(
            pid=os.getpid(),
            version=box_version(),
            phase=Phase.STARTING,
            since=now,
            started_at=now,
            grpc_address=grpc_address,
            admin_address=admin_address,
        )


class BoxState:
    """The one place where the supervisor's report changes; readers get whole reports."""

    def __init__(self, path: Path, report: BoxReport) -> None:
        self._path = path
        self._report = report
        self._lock = threading.Lock()
        self._save()

    @property
    def report(self) -> BoxReport:
        return self._report

    def starting(self) -> None:
        """A driver is being started; the first start and a recovery are told apart."""
        first = self._report.restarts == 0
        self._change(phase=Phase.STARTING if first else Phase.RECOVERING, ready=None)

    def serving(self, ready: ReadyReport) -> None:
        """Everything serves."""
        self._change(phase=Phase.SERVING, ready=ready)

    def lost(self, what: str) -> None:
        """Something of the box is gone; the next start is a recovery."""
        self._change(
            phase=Phase.RECOVERING,
            ready=None,
            last_loss=what,
            restarts=self._report.restarts + 1,
        )

    def stopping(self) -> None:
        """The box is being stopped for good."""
        self._change(phase=Phase.STOPPING)

    def _change(self, **changes: object) -> None:
        with self._lock:
            phase_changed = changes["phase"] != self._report.phase
            since = time.time() if phase_changed else self._report.since
            self._report = self._report.model_copy(update={**changes, "since": since})
            self._save()

    def _save(self) -> None:
        scratch = self._path.with_suffix(".tmp")
        scratch.write_text(self._report.model_dump_json(), "utf-8")
        scratch.replace(self._path)


def read_report(path: Path) -> BoxReport | None:
    """The report of the box that runs or last ran; None where there is none that can be read."""
    try:
        return BoxReport.model_validate_json(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def running_report(state: StateDir) -> BoxReport | None:
    """The report of the box that runs now: the one that holds the lock."""
    report = read_report(state.supervisor)
    return report if report and report.pid == holder(state.lock) else None
