"""Bar 2 of versions under traffic: `kill -9` at ten points inside a promotion.

After each the box is started again: one whole set serves in both replicas, the registry agrees
with it, the audit's chain verifies, and the next promotion works.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from appliance.registry import switch_steps as steps
from loadtests.box import OwnBox
from serving.audit.chain import verify
from tests.e2e.dying_box import ORDER
from tests.e2e.numbered_models import MODEL, answering, write

POINTS = (
    steps.READ,
    steps.VERIFIED,
    steps.TRIED,
    steps.STAGED,
    steps.PLANNED,
    steps.PREPARED,
    steps.AUDITED,
    steps.COMMITTED,
    steps.FOLLOWED,
    steps.ACTIVATED,
)
TWO_NODES = '[{"cpus": [0]}, {"cpus": [1]}]'


@pytest.mark.timeout(600)
def test_one_whole_set_serves_whatever_moment_the_box_is_killed_at(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    for version in range(1, len(POINTS) + 2):
        write(repository, version)
    settings = {
        "AIBOX__ENGINE__REPOSITORIES": json.dumps([str(repository)]),
        "AIBOX__ENGINE__NODES": TWO_NODES,
        "AIBOX__REGISTRY__DEFAULT_POLICY": '{"specific": {"versions": [1]}}',
    }
    program = [sys.executable, str(Path(__file__).with_name("dying_box.py"))]
    box = OwnBox(settings, tmp_path / "state", program)
    box.start()
    stable = 1
    try:
        for version, point in enumerate(POINTS, start=2):
            (box.state_dir / ORDER).write_text(point)
            with pytest.raises(httpx.TransportError):
                _promote(box, version)
            _ended_by_itself(box)
            box.start()
            new = steps.STEPS.index(point) >= steps.FIRST_AFTER_COMMIT
            stable = version if new else stable
            _agree(box, stable)
        assert _promote(box, 1).status_code == httpx.codes.OK
        _agree(box, 1)
    finally:
        box.stop()


def _promote(box: OwnBox, version: int) -> httpx.Response:
    return httpx.post(
        f"{box.admin_url}/v1/models/{MODEL}/versions/{version}/promote",
        headers={"prefer": "wait=120"},
        timeout=130,
    )


def _ended_by_itself(box: OwnBox) -> None:
    assert box.process is not None
    assert box.process.wait(30) == -9, box.log_path.read_text()[-2000:]
    box.log_path.unlink()  # the next start is ready when a new file says so


def _agree(box: OwnBox, stable: int) -> None:
    """The file, both replicas, their answers, the registry and the audit."""
    committed = json.loads((box.state_dir / "model-set.json").read_text())
    assert committed["labels"] == {MODEL: {"stable": stable}}
    reports = [json.loads(p.read_text()) for p in (box.state_dir / "run").glob("node-*.json")]
    assert [report["generation"] for report in reports] == [committed["generation"]] * 2
    assert {answering(box.address) for _ in range(8)} == {stable}
    listed = httpx.get(f"{box.admin_url}/v1/models/{MODEL}", timeout=10).json()["versions"]
    active = {entry["version"] for entry in listed if entry["state"] == "active"}
    assert active == {version["version"] for version in committed["versions"]}
    assert not [entry for entry in listed if entry["state"] == "staged"]
    report = verify(box.state_dir / "audit")
    assert report.fault is None, report.fault


def test_the_command_says_that_the_chain_is_whole(box: OwnBox) -> None:
    ran = subprocess.run(
        [Path(sys.executable).parent / "aibox", "audit", "verify"],
        env=box.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
