"""A box of one's own for a test or a benchmark: fresh state, free ports, stopped at the end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

READY_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 60.0


class OwnBox:
    """`aibox up` as a child process; `settings` are `AIBOX__...` environment overrides.

    `program` stands in for the `aibox` command.
    """

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        state_dir: Path | None = None,
        program: Sequence[str] = (),
    ) -> None:
        self._own_state = state_dir is None
        self.state_dir = state_dir or Path(tempfile.mkdtemp(prefix="aibox-"))
        self.grpc_port = free_port()
        self.admin_port = free_port()
        self._settings = dict(settings or {})
        self._program = tuple(program) or (aibox_command(),)
        self.process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def admin_url(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def replica_pids(self) -> list[int]:
        """Processes of the model servers, by node."""
        reports = sorted((self.state_dir / "run").glob("node-*.json"))
        return [json.loads(report.read_text())["pid"] for report in reports]

    def environment(self) -> dict[str, str]:
        """What `aibox` commands of this box find in their environment."""
        return os.environ | {
            "AIBOX_STATE": str(self.state_dir),
            "AIBOX__GRPC__PORT": str(self.grpc_port),
            "AIBOX__ADMIN__PORT": str(self.admin_port),
            **self._settings,
        }

    def start(self) -> OwnBox:
        """Starts the box and returns when it is ready. Raises RuntimeError with its last words."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("a") as log:
            self.process = subprocess.Popen(
                [*self._program, "up", "--state", str(self.state_dir)],
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self.wait_ready()
        return self

    @property
    def log_path(self) -> Path:
        """What `aibox up` printed."""
        return self.state_dir.with_name(self.state_dir.name + ".up.log")

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> float:
        """Waits until this start of `aibox up` has said that it is ready; returns the seconds."""
        start = time.monotonic()
        while time.monotonic() - start < timeout_s:
            if self.process is not None and self.process.poll() is not None:
                raise RuntimeError(f"aibox up ended early: {self.log_path.read_text()[-2000:]}")
            if "aibox ready" in self.log_path.read_text():
                return time.monotonic() - start
            time.sleep(0.2)
        raise RuntimeError(f"aibox up was not ready in time: {self.log_path.read_text()[-2000:]}")

    def stop(self) -> None:
        """Stops the box and removes its state if it was made here."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(STOP_TIMEOUT_S)
        if self._own_state:
            shutil.rmtree(self.state_dir, ignore_errors=True)
            self.log_path.unlink(missing_ok=True)

    def __enter__(self) -> OwnBox:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def aibox_command() -> str:
    """The `aibox` command of this environment."""
    return str(Path(sys.executable).parent / "aibox")


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
