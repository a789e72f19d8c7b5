"""`kill -9` while a twin is made: the study is there, whole, whatever became of the twin."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from serving.domain.job import JobState
from serving.jobs.settings import IntakeSettings
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@pytest.mark.parametrize(("point", "twins"), [("link", 0), ("accept", 0), ("row", 1), ("never", 1)])
def test_a_crash_may_lose_a_twin_and_never_a_study(tmp_path: Path, point: str, twins: int) -> None:
    command = [sys.executable, str(HERE / "twin_process.py"), str(tmp_path), point]
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60)
    assert ended.returncode == (0 if point == "never" else -signal.SIGKILL)
    store = JobStore(tmp_path / "jobs.sqlite")
    spool = Spool(tmp_path / "spool", IntakeSettings(min_free_disk_gb=0))
    (job,) = store.list()
    assert (job.state, job.request.release) == (JobState.QUEUED, "r@1")
    found = store.twins()
    assert len(found) == twins
    spool.sweep(store.unknown)
    assert set(spool.job_ids()) == {job.job_id, *(twin.job_id for twin in found)}
    for each in (job, *found):
        kept = sorted(path.read_text() for path in spool.folder(each.job_id).iterdir())
        assert kept == ["1", "2"]
    assert len(list(spool.root.iterdir())) == 1 + twins
    store.close()
