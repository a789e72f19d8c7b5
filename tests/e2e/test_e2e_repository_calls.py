"""Bar 6 of versions under traffic: tritonclient's repository calls work on a whole box."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from loadtests.box import OwnBox
from serving.audit.chain import verify
from tests.e2e.numbered_models import write


def test_tritonclient_loads_and_unloads_a_model_of_a_box(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    write(repository, 1)
    write(repository, 2)
    settings = {"AIBOX__ENGINE__REPOSITORIES": json.dumps([str(repository)])}
    with OwnBox(settings) as box:
        script = Path(__file__).with_name("call_repository.py")
        ran = subprocess.run(
            [sys.executable, str(script), box.address],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert ran.returncode == 0, ran.stderr
        told = json.loads(ran.stdout)
        assert verify(box.state_dir / "audit").fault is None
    assert told == {
        "before": {"times 1": "UNAVAILABLE", "times 2": "READY"},
        "unload": "OK",
        "ready": False,
        "between": {"times 1": "UNAVAILABLE", "times 2": "UNAVAILABLE"},
        "load": "OK",
        "after": {"times 1": "UNAVAILABLE", "times 2": "READY"},
        "unknown": "NOT_FOUND",
        "configured": "INVALID_ARGUMENT",
    }
