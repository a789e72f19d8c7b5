"""Bar 7: `kill -9` of each kind of process while 20 studies are in flight; none lost, none doubled.

The time until the box serves again is printed for each kind and kept in `bench/recovery.json`.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from appliance.client import AiboxClient
from appliance.processes import alive
from loadtests.bench.outcome import Bar, Outcome
from loadtests.box import OwnBox
from provisioning.phantom import PhantomSpec, small_spec, write_study
from serving.domain.errors import AiboxError
from serving.domain.job import Job, JobState
from tests.e2e.box_processes import listeners, processes

STUDIES = 20
DONE_TIMEOUT_S = 240.0
MODEL = "nested_unet_covid"
FAST = {"AIBOX__ENGINE__PRECISIONS": json.dumps({MODEL: "int8", "hrnet_covid": "int8"})}
"""In FP32 twenty studies take a minute, seven times over."""

Finder = Callable[[OwnBox], int]


def _named(part: str) -> Finder:
    def find(box: OwnBox) -> int:
        return next(p.pid for p in processes(box) if part in " ".join([p.name(), *p.cmdline()]))

    return find


def _ready(key: str) -> Finder:
    def find(box: OwnBox) -> int:
        return int(json.loads((box.state_dir / "run" / "ready.json").read_text())[key])

    return find


def _supervisor(box: OwnBox) -> int:
    assert box.process is not None
    return box.process.pid


KINDS: dict[str, Finder] = {
    "model server replica": lambda box: box.replica_pids[0],
    "analyzer": _named("ServeReplica:aibox:StudyAnalyzer"),
    "Serve controller": _named("ServeController"),
    "raylet": _ready("raylet_pid"),
    "gcs_server": _ready("gcs_pid"),
    "driver": _ready("driver_pid"),
    "aibox up": _supervisor,
}


@pytest.fixture(scope="module")
def own_box() -> Iterator[OwnBox]:
    with OwnBox(FAST) as running:
        yield running


@pytest.fixture(scope="module")
def measured() -> Iterator[dict[str, tuple[float, float]]]:
    found: dict[str, tuple[float, float]] = {}
    yield found
    rows = [
        {"killed": kind, "serves_again_s": serves, "all_done_s": done}
        for kind, (serves, done) in found.items()
    ]
    if rows:
        complete = Bar("kinds survived", float(len(rows)), float(len(KINDS)), at_most=False)
        outcome = Outcome("recovery", rows, [complete])
        outcome.show()
        outcome.save()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_kill_with_studies_in_flight(
    kind: str, own_box: OwnBox, tmp_path: Path, measured: dict[str, tuple[float, float]]
) -> None:
    studies = [tmp_path / f"study{i}" for i in range(STUDIES)]
    for index, study in enumerate(studies):
        write_study(_small_study(1000 * list(KINDS).index(kind) + index), study)
    accepted = _send_all(own_box, studies)
    assert len({job.job_id for job in accepted}) == STUDIES
    before = {p.pid for p in processes(own_box)}
    assert _unfinished(own_box, accepted) >= STUDIES // 2, "too few in flight to say anything"
    start = time.monotonic()
    os.kill(KINDS[kind](own_box), signal.SIGKILL)
    if kind == "aibox up":
        _start_again(own_box, before)
    serves_s, done_s = _until_done(own_box, accepted, start)
    _assert_each_done_once(own_box, accepted, studies)
    measured[kind] = (serves_s, done_s)


def _small_study(seed: int) -> PhantomSpec:
    """Half the slices of the small study: 20 of them keep the box busy for long enough."""
    return small_spec(seed).model_copy(update={"slices": 12, "spacing_mm": (24.0, 6.0, 6.0)})


def _send_all(box: OwnBox, studies: list[Path]) -> list[Job]:
    with AiboxClient(box.address) as client:
        return [client.analyze(study) for study in studies]


def _unfinished(box: OwnBox, accepted: list[Job]) -> int:
    with AiboxClient(box.address) as client:
        return sum(not client.job(job.job_id).state.final for job in accepted)


def _start_again(box: OwnBox, before: set[int]) -> None:
    assert box.process is not None
    box.process.wait(10)
    box.log_path.write_text("")
    box.start()
    left = {one.pid for one in listeners(box)} & before
    assert not left, f"orphans still listen: {left}"


def _serves(box: OwnBox) -> bool:
    x = np.full((1, 1, 256, 256), -900, np.int16)
    try:
        with AiboxClient(box.address) as client:
            return "probability" in client.infer(MODEL, {"hu": x}, timeout_s=10)
    except (AiboxError, OSError):
        return False


def _all_final(box: OwnBox, accepted: list[Job]) -> bool:
    try:
        with AiboxClient(box.address) as client:
            return all(client.job(job.job_id).state.final for job in accepted)
    except AiboxError:
        return False


def _until_done(box: OwnBox, accepted: list[Job], start: float) -> tuple[float, float]:
    """Seconds from the kill until the box served for good, and until every job was final.

    A replica may answer for a moment after its raylet or driver is gone: what counts is the first
    answer after the last failure.
    """
    serves_s: float | None = None
    while (now_s := time.monotonic() - start) < DONE_TIMEOUT_S:
        if not _serves(box):
            serves_s = None
        elif serves_s is None:
            serves_s = time.monotonic() - start
        if serves_s is not None and _all_final(box, accepted):
            return serves_s, time.monotonic() - start
        time.sleep(0.25)
    raise AssertionError(f"not all final within {now_s:.0f} s")


def _assert_each_done_once(box: OwnBox, accepted: list[Job], studies: list[Path]) -> None:
    with AiboxClient(box.address) as client:
        for first, study in zip(accepted, studies, strict=True):
            job = client.job(first.job_id)
            assert job.state is JobState.DONE, (job.error_kind, job.error_message)
            names = [file.name for file in job.files]
            assert "report.json" in names
            assert len(names) == len(set(names))
            again = client.analyze(study)
            assert again.job_id == job.job_id
    folders = [p.name for p in (box.state_dir / "results").iterdir() if p.name[0] != "."]
    assert len(folders) == len(set(folders))
    assert {job.job_id for job in accepted} <= set(folders)


def test_nothing_is_left_after_the_box_is_stopped() -> None:
    with OwnBox() as running:
        assert running.process is not None
        pids = [p.pid for p in processes(running)]
    # Where nobody reaps orphans a zombie stays in the table: it holds nothing and hears nothing.
    assert [pid for pid in pids if alive(pid)] == []
