"""Jobs, a spool and results in a temporary folder, with settings fit for fast tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serving.domain.job import JobRequest
from serving.domain.lane import Lane
from serving.jobs.results import ResultStore
from serving.jobs.settings import IntakeSettings, JobSettings
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore

MakeRequest = Callable[..., JobRequest]


class Clock:
    """A wall clock that a test moves by hand."""

    def __init__(self) -> None:
        self.now_s = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[JobStore]:
    store = JobStore(tmp_path / "jobs.sqlite", clock)
    yield store
    store.close()


@pytest.fixture
def settings() -> JobSettings:
    return JobSettings(
        lease_s=2.0,
        heartbeat_s=0.1,
        progress_s=0.02,
        poll_s=0.02,
        backoff_first_s=0.02,
        backoff_max_s=0.1,
        stop_grace_s=1.0,
        max_attempts=3,
        max_setbacks=4,
        intake=IntakeSettings(min_free_disk_gb=0.0),
    )


@pytest.fixture
def spool(tmp_path: Path, settings: JobSettings) -> Spool:
    return Spool(tmp_path / "spool", settings.intake)


@pytest.fixture
def results(tmp_path: Path) -> ResultStore:
    return ResultStore(tmp_path / "results")


@pytest.fixture
def make_request() -> MakeRequest:
    def make(key: str = "key", lane: Lane = Lane.ROUTINE, pipeline: str = "count") -> JobRequest:
        return JobRequest("study", pipeline, "1.0", lane, key, {"window": "lung"})

    return make
