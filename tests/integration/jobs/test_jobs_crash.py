"""Workers killed with SIGKILL at every interesting point; several processes over one store."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from serving.domain.job import JobRequest, JobState
from serving.domain.lane import Lane
from serving.jobs.settings import IntakeSettings
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@pytest.fixture
def store(tmp_path):
    store = JobStore(tmp_path / "jobs.sqlite")
    yield store
    store.close()


def _start(script: Path | str, *arguments: object) -> subprocess.Popen[str]:
    program = [str(script)] if isinstance(script, Path) else ["-c", script]
    return subprocess.Popen(
        [sys.executable, *program, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def _work(state: Path, point: str) -> int:
    return _start(HERE / "worker_process.py", state, point).wait(60)


def _add_jobs(state: Path, store: JobStore, count: int) -> None:
    spool = Spool(state / "spool", IntakeSettings(min_free_disk_gb=0))
    for n in range(count):
        folder = spool.open()
        for name in "ab":
            (folder.path / name).write_text(name)
        folder.accept(f"job{n}")
        store.create(f"job{n}", JobRequest("study", "count", "1.0", Lane(1 + n % 3), f"k{n}"))
        folder.release()


def _assert_done_once(state: Path, store: JobStore, count: int) -> None:
    assert store.counts()[JobState.DONE] == count
    assert sorted(p.name for p in (state / "results").iterdir()) == sorted(
        f"job{n}" for n in range(count)
    )
    for n in range(count):
        folder = state / "results" / f"job{n}"
        assert [file.name for file in store.get(f"job{n}").files] == ["report.json"]
        assert json.loads((folder / "report.json").read_text()) == {"instances": 2}
        assert [p.name for p in folder.iterdir()] == ["report.json"]
    assert list((state / "spool").iterdir()) == []


@pytest.mark.parametrize(("point", "runs"), [("run", 1), ("sealed", 2), ("renamed", 1)])
def test_a_killed_worker_is_followed_by_one_that_ends_the_job_once(tmp_path, store, point, runs):
    _add_jobs(tmp_path, store, 1)
    assert _work(tmp_path, point) == -signal.SIGKILL
    assert store.get("job0").state is JobState.RUNNING
    assert _work(tmp_path, "never") == 0  # though the lease would hold for another minute
    _assert_done_once(tmp_path, store, 1)
    assert store.get("job0").attempt == 2
    assert (tmp_path / "runs.log").read_text().split() == ["job0"] * runs


def test_a_study_that_kills_its_worker_every_time_is_given_up(tmp_path, store):
    _add_jobs(tmp_path, store, 1)
    for _ in range(5):
        assert _work(tmp_path, "run") == -signal.SIGKILL
    assert _work(tmp_path, "never") == 0
    job = store.get("job0")
    assert (job.state, job.attempt) == (JobState.FAILED, 5)
    assert "died 5 times" in job.error_message


def test_two_workers_share_fifty_jobs_and_do_each_once(tmp_path, store):
    _add_jobs(tmp_path, store, 50)
    workers = [_start(HERE / "worker_process.py", tmp_path, "never") for _ in range(2)]
    assert [worker.wait(120) for worker in workers] == [0, 0]
    _assert_done_once(tmp_path, store, 50)
    assert set(Counter((tmp_path / "runs.log").read_text().split()).values()) == {1}
    assert {store.get(f"job{n}").attempt for n in range(50)} == {1}


def _runs(state: Path) -> int:
    log = state / "runs.log"
    return len(log.read_text().split()) if log.exists() else 0


def test_workers_killed_in_the_midst_of_things_lose_nothing(tmp_path, store):
    _add_jobs(tmp_path, store, 30)
    for _ in range(3):
        worker = _start(HERE / "worker_process.py", tmp_path, "never")
        before = _runs(tmp_path)
        while _runs(tmp_path) < before + 4 and worker.poll() is None:
            time.sleep(0.003)
        worker.kill()
        assert worker.wait(60) == -signal.SIGKILL
    assert store.counts()[JobState.QUEUED] > 0
    assert _work(tmp_path, "never") == 0
    _assert_done_once(tmp_path, store, 30)


RACE = """
import sys, time
from pathlib import Path
from serving.domain.job import JobRequest
from serving.domain.lane import Lane
from serving.jobs.store import JobStore
store = JobStore(Path(sys.argv[1]) / "jobs.sqlite")
while time.time() < float(sys.argv[3]):
    pass
for n in range(40):
    request = JobRequest("study", "count", "1.0", Lane.ROUTINE, f"key{n}")
    print(store.create(f"{sys.argv[2]}-{n}", request)[0].job_id)
"""


def test_one_key_from_three_processes_at_once_is_one_job(tmp_path, store):
    start_s = time.time() + 2.5
    racers = [_start(RACE, tmp_path, name, start_s) for name in "abc"]
    answers = [racer.communicate(timeout=60)[0].split() for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert answers[0] == answers[1] == answers[2]
    assert len(set(answers[0])) == 40
    assert store.counts()[JobState.QUEUED] == 40


FIRST_OPEN = """
import sys, time
from pathlib import Path
from serving.jobs.store import JobStore
while time.time() < float(sys.argv[2]):
    pass
print(len(JobStore(Path(sys.argv[1]) / "new" / "jobs.sqlite").list()))
"""


def test_several_processes_may_make_the_database_at_once(tmp_path):
    start_s = time.time() + 2.5
    openers = [_start(FIRST_OPEN, tmp_path, start_s) for _ in range(4)]
    assert [opener.communicate(timeout=60)[0].strip() for opener in openers] == ["0"] * 4
