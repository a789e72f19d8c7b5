"""Batch work is held while interactive requests run: never for long, never a stranger."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.graph.batch_governor import BatchGovernor, GovernorLimits
from serving.graph.batch_register import find

LIMITS = GovernorLimits(quiet_s=0.1, longest_hold_s=2.0, least_run_s=0.5, look_for_processes_s=0.0)
BATCH = """
import sys, time
from pathlib import Path
from serving.graph.batch_lane import keep_to
keep_to(None, Path(sys.argv[1]))
print("ready", flush=True)
time.sleep(60)
"""


class Load:
    """Whether interactive requests are at work."""

    busy = False

    def __call__(self) -> bool:
        return self.busy


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", BATCH, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        yield child
        child.kill()


def stopped(process: subprocess.Popen[str], wanted: bool) -> bool:
    """Whether the process is stopped, as soon as it is as wanted."""
    deadline_s = time.monotonic() + 5
    while (is_so := _state(process.pid) == "T") != wanted and time.monotonic() < deadline_s:
        time.sleep(0.005)
    return is_so


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]


def test_held_while_busy_and_let_go_after_quiet(
    tmp_path: Path, process: subprocess.Popen[str]
) -> None:
    load = Load()
    governor = BatchGovernor(tmp_path, load, LIMITS)
    governor.step(0.0)
    assert not stopped(process, False)
    load.busy = True
    governor.step(1.0)
    assert stopped(process, True)
    load.busy = False
    governor.step(1.05)
    assert stopped(process, True), "a gap between two requests is no end of them"
    governor.step(1.2)
    assert not stopped(process, False)


def test_a_load_without_gaps_does_not_starve_batch_work(
    tmp_path: Path, process: subprocess.Popen[str]
) -> None:
    load = Load()
    load.busy = True
    governor = BatchGovernor(tmp_path, load, LIMITS)
    governor.step(0.0)
    assert stopped(process, True)
    governor.step(2.0)
    assert not stopped(process, False)
    governor.step(2.4)
    assert not stopped(process, False), "it runs for half a second at least"
    governor.step(2.6)
    assert stopped(process, True)
    load.busy = False
    governor.step(3.0)
    assert not stopped(process, False)


def test_one_left_stopped_goes_on_under_the_next_governor(
    tmp_path: Path, process: subprocess.Popen[str]
) -> None:
    process.send_signal(signal.SIGSTOP)
    assert stopped(process, True)
    BatchGovernor(tmp_path, Load(), LIMITS).step(0.0)
    assert not stopped(process, False)


def test_a_process_that_is_no_batch_work_is_never_taken(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        (tmp_path / str(other.pid)).write_text("12345", "ascii")  # another one had this number
        assert find(tmp_path, set()) == []
        assert not list(tmp_path.iterdir()), "its file is gone"
        other.kill()


def test_an_ended_process_is_forgotten(tmp_path: Path, process: subprocess.Popen[str]) -> None:
    load = Load()
    governor = BatchGovernor(tmp_path, load, LIMITS)
    governor.step(0.0)
    process.kill()
    process.wait()
    load.busy = True
    governor.step(1.0)
    governor.step(1.1)
    assert not list(tmp_path.iterdir())
