"""The supervisor over a real process tree."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.backoff import Backoff
from appliance.box_state import BoxReport, BoxState, Phase, read_report
from appliance.errors import AddressTaken, BoxFailed
from appliance.ports import require_free
from appliance.processes import alive, end_box, pids_of_box
from appliance.state_dir import BOX_ID_VARIABLE, StateDir
from appliance.supervisor import SupervisionLimits, Supervisor

DRIVER = Path(__file__).with_name("small_driver.py")
LIMITS = SupervisionLimits(
    start_timeout_s=20,
    poll_s=0.02,
    loss_grace_s=0.2,
    orphan_grace_s=0.3,
    backoff=Backoff(0.05, 0.2),
)


class Running:
    """A supervisor in a thread of the test."""

    def __init__(self, state: StateDir, how: str = "", check: Callable[[], None] = lambda: None):
        self.state = state
        self.box = BoxState(state.supervisor, BoxReport.new("127.0.0.1:1", "127.0.0.1:2"))
        command = [sys.executable, str(DRIVER), str(state.root), how]
        self.supervisor = Supervisor(state, self.box, command, check, LIMITS)
        self.stop = threading.Event()
        self.phases: list[Phase] = []
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.supervisor.run(self.stop, self.phases.append)
        except BaseException as error:
            self.error = error

    def wait_serving(self, restarts: int = 0) -> BoxReport:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            report = self.box.report
            if report.phase is Phase.SERVING and report.restarts == restarts:
                return report
            time.sleep(0.02)
        raise AssertionError(f"not serving after restart {restarts}: {self.box.report}")

    def finish(self) -> None:
        self.stop.set()
        self.thread.join(40)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    made = StateDir(tmp_path / "state")
    made.prepare()
    yield made
    end_box(made.box_id(), grace_s=0)


@pytest.fixture
def running(state: StateDir) -> Iterator[Running]:
    made = Running(state)
    yield made
    made.finish()


def test_serves_and_stops_leaving_nothing(running: Running) -> None:
    report = running.wait_serving()
    assert report.ready is not None
    assert len(list(pids_of_box(running.state.box_id()))) == 4
    running.finish()
    assert running.error is None
    assert list(pids_of_box(running.state.box_id())) == []
    assert running.phases == [Phase.STARTING, Phase.SERVING, Phase.STOPPING]
    stopped = read_report(running.state.supervisor)
    assert stopped is not None
    assert stopped.phase is Phase.STOPPING


@pytest.mark.parametrize("victim", ["driver", "raylet", "gcs"])
def test_loss_of_any_part_ends_the_tree_and_starts_afresh(running: Running, victim: str) -> None:
    first = running.wait_serving()
    assert first.ready is not None
    old = set(pids_of_box(running.state.box_id()))
    os.kill(getattr(first.ready, f"{victim}_pid"), signal.SIGKILL)
    second = running.wait_serving(restarts=1)
    assert second.last_loss == victim
    assert not any(alive(pid) for pid in old)
    assert len(list(pids_of_box(running.state.box_id()))) == 4
    assert Phase.RECOVERING in running.phases


def test_orphans_of_an_earlier_run_are_ended_before_the_start(state: StateDir) -> None:
    command = [sys.executable, str(DRIVER), str(state.root)]
    earlier = subprocess.Popen(
        command, env={**os.environ, BOX_ID_VARIABLE: state.box_id()}, start_new_session=True
    )
    while not state.ready.exists():
        time.sleep(0.02)
    orphans = set(pids_of_box(state.box_id()))
    running = Running(state)
    report = running.wait_serving()
    running.finish()
    earlier.wait(5)
    assert len(orphans) == 4
    assert report.ready is not None
    assert report.ready.driver_pid not in orphans
    assert not any(alive(pid) for pid in orphans)


def test_titles_of_processes_do_not_hide_the_id(running: Running) -> None:
    report = running.wait_serving()
    assert report.ready is not None
    environ = Path(f"/proc/{report.ready.gcs_pid}/environ").read_bytes().split(b"\0")
    # setproctitle, which Ray bundles, spares the environment only when this is set.
    assert b"SPT_NOENV=1" in environ


def test_an_ended_box_listens_no_more(state: StateDir) -> None:
    big = (
        "import socket, time; s = socket.create_server(('127.0.0.1', 0)); "
        "data = bytearray(b'x') * (1 << 29); print(s.getsockname()[1], flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", big],
        env={**os.environ, BOX_ID_VARIABLE: state.box_id()},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    port = int(process.stdout.readline())
    assert end_box(state.box_id(), grace_s=0) == 1
    require_free("127.0.0.1", port)
    process.stdout.close()
    process.wait(5)


def test_other_boxes_are_left_alone(state: StateDir, tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"],
        env={**os.environ, BOX_ID_VARIABLE: state.box_id() + "0"},
    )
    try:
        assert end_box(state.box_id(), grace_s=0.1) == 0
        assert alive(other.pid)
    finally:
        other.kill()
        other.wait()


def test_a_driver_that_cannot_start_is_given_up_with_its_sentence(state: StateDir) -> None:
    running = Running(state, how="fail")
    running.thread.join(20)
    assert isinstance(running.error, BoxFailed)
    assert "a model file is missing" in running.error.message


def test_stop_during_the_start_ends_everything(state: StateDir) -> None:
    running = Running(state, how="hang")
    time.sleep(0.3)
    running.finish()
    assert running.error is None
    assert list(pids_of_box(state.box_id())) == []


def test_a_taken_address_is_refused_at_the_first_start(state: StateDir) -> None:
    def taken() -> None:
        raise AddressTaken("127.0.0.1:1 cannot be used")

    running = Running(state, check=taken)
    running.thread.join(10)
    assert isinstance(running.error, AddressTaken)


def test_counters_of_an_earlier_life_are_forgotten(running: Running) -> None:
    running.wait_serving()
    stale = running.state.metrics / "counter_1.db"
    stale.touch()
    report = running.box.report
    assert report.ready is not None
    os.kill(report.ready.driver_pid, signal.SIGKILL)
    running.wait_serving(restarts=1)
    assert not stale.exists()
    assert running.state.metrics.stat().st_mode & 0o777 == 0o700


def test_backoff_doubles_and_is_bounded() -> None:
    backoff = Backoff(first_s=0.5, longest_s=3.0)
    assert [backoff.pause_s(n) for n in range(5)] == [0.0, 0.5, 1.0, 2.0, 3.0]
    assert backoff.pause_s(10_000) == 3.0
