"""A box in a child process, for as long as a command needs one."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.box_config import BoxConfig
from appliance.box_state import Phase, read_report
from appliance.errors import BoxFailed

_POLL_S = 0.2
_STOP_S = 60.0


@contextmanager
def running_box(
    config: BoxConfig, config_file: Path | None = None, timeout_s: float = 300.0
) -> Iterator[None]:
    """Starts `aibox up` and stops it at the end. Raises BoxFailed with the box's own sentence."""
    command = [sys.executable, "-m", "appliance.cli", "up", "--state", str(config.state.root)]
    if config_file is not None:
        command += ["--config", str(config_file)]
    box = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    try:
        _wait_until_serving(box, config, timeout_s)
        yield
    finally:
        _stop(box)


def _wait_until_serving(box: subprocess.Popen[str], config: BoxConfig, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if box.poll() is not None:
            raise BoxFailed(_last_words(box))
        report = read_report(config.state.supervisor)
        if report and report.pid == box.pid and report.phase is Phase.SERVING:
            return
        time.sleep(_POLL_S)
    raise BoxFailed(f"the box did not serve within {timeout_s:.0f} seconds; see its logs")


def _last_words(box: subprocess.Popen[str]) -> str:
    lines = box.stderr.read().strip().splitlines() if box.stderr else []
    last = lines[-1] if lines else "the box ended without a word"
    return last.removeprefix("aibox: ")


def _stop(box: subprocess.Popen[str]) -> None:
    if box.poll() is None:
        box.send_signal(signal.SIGTERM)
    try:
        box.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        box.kill()
        box.wait()
    if box.stderr is not None:
        box.stderr.close()
