"""A job runs what it was accepted with, through switches that come while it waits."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from release_sets import FixedSets, model_set

from serving.domain.errors import CorruptModel, ModelNotFound
from serving.domain.job import JobState, TwinRole
from serving.domain.lane import Lane
from serving.domain.pipeline import PipelineInfo
from serving.jobs.attempt import Workshop
from serving.jobs.store import JobStore
from serving.jobs.worker import JobWorker


class NamePipeline:
    """Notes the task and the models that it is given, and does what a test wants."""

    info = PipelineInfo("chest_ct", "1.0", ("net", "other"))

    def __init__(self) -> None:
        self.runs: list[tuple[str, dict[str, object], dict[str, str]]] = []
        self.act = lambda progress: None

    def run(self, task, models, progress):
        self.runs.append((task.release, dict(models), dict(task.parameters)))
        self.act(progress)


class Shelf:
    """Models that a box serves, as `name/version` strings."""

    def __init__(self, *versions: int, corrupt: int = 0) -> None:
        self.versions = versions
        self.corrupt = corrupt

    def __call__(self, name, lane, version):
        if name == "net" and version and version == self.corrupt:
            raise CorruptModel("a file differs from its manifest")
        if name == "net" and version is not None and version not in self.versions:
            raise ModelNotFound(f"version {version} of {name} is not served")
        return f"{name}/{version}"


@pytest.fixture
def live_store(tmp_path):
    store = JobStore(tmp_path / "live.sqlite")
    yield store
    store.close()


@pytest.fixture
def pipeline():
    return NamePipeline()


@pytest.fixture
def work(live_store, spool, results, settings, pipeline):
    def build(shelf, now):
        shop = Workshop(
            live_store,
            spool,
            results,
            {"chest_ct": pipeline},
            shelf,
            settings,
            kinds=("study",),
            model_sets=FixedSets(now),
            twins=True,
        )
        return JobWorker(shop)

    return build


@pytest.fixture
def add(live_store, spool, make_request):
    def add_job(job_id, version=1, **changes):
        folder = spool.open()
        (folder.path / "one.dcm").write_bytes(b"1")
        folder.accept(job_id)
        request = replace(
            make_request(job_id, pipeline="chest_ct"),
            release=f"chest_ct@{version}",
            models={"net": version},
            release_parameters={"of": str(version)},
        )
        live_store.create(job_id, replace(request, **changes))
        folder.release()

    return add_job


def _twin_of(job_id: str):
    return {"twin_of": job_id, "twin_role": TwinRole.SHADOW, "lane": Lane.BATCH}


def test_the_exact_versions_run_and_the_task_names_the_release(work, add, pipeline):
    add("a", 2)
    assert work(Shelf(1, 2), model_set(stable=1)).run_one()
    assert pipeline.runs == [
        ("chest_ct@2", {"net": "net/2", "other": "other/None"}, {"window": "lung", "of": "2"})
    ]


def test_a_release_that_left_the_set_still_runs_while_its_models_are_there(work, add, pipeline):
    add("a", 1)
    work(Shelf(1, 2), model_set(2, stable=2)).run_one()
    assert pipeline.runs[0][0] == "chest_ct@1"


def test_a_study_whose_models_are_gone_is_read_by_the_stable_release(
    work, add, pipeline, live_store, caplog
):
    add("a", 1)
    worker = work(Shelf(2), model_set(2, stable=2))
    assert worker.run_one()
    assert live_store.get("a").state is JobState.QUEUED
    assert worker.run_one()
    job = live_store.get("a")
    assert (job.state, job.request.release, job.request.models) == (
        JobState.DONE,
        "chest_ct@2",
        {"net": 2},
    )
    assert pipeline.runs == [
        ("chest_ct@2", {"net": "net/2", "other": "other/None"}, {"window": "lung", "of": "2"})
    ]
    assert "it runs chest_ct@2" in caplog.text


def test_a_version_of_the_set_that_is_not_there_yet_is_waited_for(work, add, live_store):
    add("a", 2)
    worker = work(shelf := Shelf(1), model_set())
    worker.run_one()
    job = live_store.get("a")
    assert (job.state, job.request.release) == (JobState.QUEUED, "chest_ct@2")
    shelf.versions = (1, 2)
    while not live_store.get("a").state.final:
        worker.run_one()
    assert live_store.get("a").state is JobState.DONE


@pytest.mark.parametrize("now", [None, model_set(2, stable=2).model_copy(update={"routes": ()})])
def test_models_that_nothing_can_replace_fail_the_job_with_a_sentence(work, add, live_store, now):
    add("a", 1)
    work(Shelf(2), now).run_one()
    job = live_store.get("a")
    assert (job.state, job.error_kind) == (JobState.FAILED, "ModelNotFound")


def test_a_retired_version_that_broke_is_replaced_and_one_that_serves_is_told(
    work, add, live_store
):
    add("a", 1)
    worker = work(Shelf(2, corrupt=1), model_set(2, stable=2))
    assert worker.run_one()
    assert worker.run_one()
    assert live_store.get("a").request.release == "chest_ct@2"
    add("b", 2)
    work(Shelf(corrupt=2), model_set(2, stable=2)).run_one()
    assert live_store.get("b").error_kind == "CorruptModel"


def test_a_twin_is_never_moved_to_another_release(work, add, live_store):
    add("t", 1, **_twin_of("a"))
    work(Shelf(2), model_set(2, stable=2)).run_twin()
    twin = live_store.get("t", hidden=True)
    assert (twin.state, twin.error_kind) == (JobState.FAILED, "ModelNotFound")
    assert twin.request.release == "chest_ct@1"


def test_a_twin_begins_only_while_no_study_waits(work, add, live_store):
    add("t", 1, **_twin_of("a"))
    add("a", 1)
    worker = work(Shelf(1), model_set(1))
    assert not worker.run_twin()
    assert worker.run_one()
    assert not worker.run_one()
    assert worker.run_twin()
    assert live_store.get("t", hidden=True).state is JobState.DONE


def test_a_twin_at_work_stands_aside_for_a_study(work, add, live_store, pipeline):
    """The study is never claimed: it waits, which is reason enough."""
    steps = []

    def walk(progress):
        for n in range(200):
            progress(n / 200, "lesions")
            steps.append(n)
            time.sleep(0.005)

    pipeline.act = walk
    add("t", 1, **_twin_of("a"))
    thread = threading.Thread(target=work(Shelf(1), model_set(1)).run_twin)
    thread.start()
    while not steps:
        time.sleep(0.005)
    add("b", 1)
    time.sleep(0.2)
    before = len(steps)
    time.sleep(0.5)
    assert len(steps) == before < 200
    live_store.request_cancel("b")
    thread.join(10)
    twin = live_store.get("t", hidden=True)
    assert (twin.state, len(steps)) == (JobState.DONE, 200)
    assert 0.4 < twin.paused_s < 5


def test_a_twin_that_stands_aside_still_stops_when_told(work, add, live_store, pipeline):
    def walk(progress):
        while True:
            progress(0.5, "lesions")
            time.sleep(0.005)

    pipeline.act = walk
    add("t", 1, **_twin_of("a"))
    stop = threading.Event()
    worker = work(Shelf(1), model_set(1))
    thread = threading.Thread(target=worker.run_forever, args=(stop,))
    thread.start()
    while live_store.get("t", hidden=True).state is not JobState.RUNNING:
        time.sleep(0.005)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert live_store.get("t", hidden=True).state is JobState.QUEUED
