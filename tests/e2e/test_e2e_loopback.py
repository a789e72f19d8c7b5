"""Bar 10: nothing of the box listens off loopback, a second box is refused, no telemetry leaves."""

from __future__ import annotations

import subprocess
from pathlib import Path

from loadtests.box import OwnBox, aibox_command
from tests.e2e.box_processes import foreign_connections, listeners, processes


def test_everything_listens_on_loopback_only(box: OwnBox) -> None:
    found = listeners(box)
    names = {one.name for one in found}
    assert {"raylet", "gcs_server"} <= names, names
    assert any("ServeRepl" in name for name in names), names
    assert {box.grpc_port, box.admin_port} <= {one.port for one in found}
    assert [one for one in found if not one.loopback] == []


def test_a_second_box_on_the_same_state_is_refused(box: OwnBox) -> None:
    second = OwnBox(state_dir=box.state_dir)
    done = _try_up(second, box.state_dir)
    assert done.returncode == 1
    assert "already" in done.stderr + done.stdout


def test_a_second_box_on_the_same_port_is_refused(box: OwnBox, tmp_path: Path) -> None:
    second = OwnBox({"AIBOX__GRPC__PORT": str(box.grpc_port)}, state_dir=tmp_path / "other")
    done = _try_up(second, tmp_path / "other")
    assert done.returncode == 1
    assert str(box.grpc_port) in done.stderr + done.stdout


def test_no_telemetry_leaves(box: OwnBox) -> None:
    assert foreign_connections(box) == []
    ray = [p for p in processes(box) if "ray" in p.name().lower()]
    assert ray
    assert all(p.environ().get("RAY_USAGE_STATS_ENABLED") == "0" for p in ray)


def _try_up(second: OwnBox, state: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [aibox_command(), "up", "--state", str(state)],
        env=second.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
