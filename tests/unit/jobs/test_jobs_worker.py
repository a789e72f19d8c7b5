"""The worker: real threads, a real store, a pipeline that only counts files."""

from __future__ import annotations

import errno
import json
import logging
import threading
import time
from collections.abc import Callable

import pytest

from serving.domain.errors import JobNotFound, ModelNotReady, UnsupportedImage
from serving.domain.job import Job, JobState
from serving.domain.lane import Lane
from serving.domain.pipeline import PipelineInfo
from serving.jobs.attempt import Workshop
from serving.jobs.store import JobStore
from serving.jobs.worker import JobWorker

SECRET = "DOE^JANE 19700101"


class CountFiles:
    """Writes how many instances it found, and does what a test wants on the way."""

    def __init__(self, act: Callable[..., None] = lambda *_: None) -> None:
        self.info = PipelineInfo("count", "1.0", ())
        self.act = act
        self.runs: list[str] = []

    def run(self, task, models, progress):
        self.runs.append(task.job_id)
        (task.results_dir / "overlays").mkdir()
        (task.results_dir / "overlays" / "a.png").write_bytes(b"png")
        self.act(task, progress)
        count = len(list(task.instances_dir.iterdir()))
        (task.results_dir / "report.json").write_text(json.dumps({"instances": count}))


@pytest.fixture
def live_store(tmp_path):
    store = JobStore(tmp_path / "live.sqlite")
    yield store
    store.close()


@pytest.fixture
def shop(live_store, spool, results, settings):
    def build(pipeline, **changes):
        return Workshop(
            live_store, spool, results, {"count": pipeline}, _no_model, settings, **changes
        )

    return build


@pytest.fixture
def add_job(live_store, spool, make_request):
    def add(job_id: str, lane: Lane = Lane.ROUTINE) -> Job:
        folder = spool.open()
        (folder.path / "one.dcm").write_bytes(b"1")
        folder.accept(job_id)
        job, _ = live_store.create(job_id, make_request(job_id, lane))
        folder.release()
        return job

    return add


def _no_model(name, lane):
    raise ModelNotReady("no model here")


def _wait(store, job_id: str, state: JobState, timeout_s: float = 10.0) -> Job:
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        job = store.get(job_id)
        if job.state is state:
            return job
        time.sleep(0.01)
    raise AssertionError(f"{store.get(job_id)} never became {state}")


def test_a_job_ends_done_with_hashed_private_files_and_no_images_left(
    shop, add_job, live_store, results, spool
):
    add_job("a")
    assert JobWorker(shop(CountFiles())).run_one()
    job = live_store.get("a")
    assert job.state is JobState.DONE
    assert [file.name for file in job.files] == ["overlays/a.png", "report.json"]
    assert [file.media_type for file in job.files] == ["image/png", "application/json"]
    with results.open(job, "report.json") as file:
        assert json.loads(file.read()) == {"instances": 1}
    modes = {p.stat().st_mode & 0o777 for p in (results.root / "a").rglob("*")}
    assert modes == {0o700, 0o600}
    assert not spool.folder("a").exists()
    assert [p.name for p in results.root.iterdir()] == ["a"]


def test_nothing_to_do_is_said_so(shop):
    assert not JobWorker(shop(CountFiles())).run_one()


def test_whole_results_of_a_dead_attempt_are_adopted_not_made_again(
    shop, add_job, live_store, results
):
    add_job("a")
    (results.root / "a").mkdir()
    (results.root / "a" / "report.json").write_text("{}")
    pipeline = CountFiles()
    JobWorker(shop(pipeline)).run_one()
    assert pipeline.runs == []
    assert [file.name for file in live_store.get("a").files] == ["report.json"]


def test_a_domain_error_is_told_and_its_images_stay_for_a_while(shop, add_job, live_store, spool):
    def refuse(task, progress):
        raise UnsupportedImage("the series has no axial slices")

    add_job("a")
    JobWorker(shop(CountFiles(refuse))).run_one()
    job = live_store.get("a")
    assert (job.state, job.error_kind) == (JobState.FAILED, "UnsupportedImage")
    assert job.error_message == "the series has no axial slices"
    assert spool.folder("a").exists()


def test_any_other_error_tells_nothing_of_its_text(shop, add_job, live_store, caplog, capfd):
    def crash(task, progress):
        raise ValueError(f"cannot parse {SECRET}")

    add_job("a")
    with caplog.at_level(logging.DEBUG):
        JobWorker(shop(CountFiles(crash))).run_one()
    job = live_store.get("a")
    assert (job.state, job.error_kind) == (JobState.FAILED, "Internal")
    told = job.error_message + caplog.text + "".join(capfd.readouterr())
    assert SECRET not in told
    assert "ValueError at test_jobs_worker.py" in caplog.text


def test_a_missing_model_server_sets_the_job_back_until_it_is_there(
    shop, add_job, live_store, settings
):
    tries = []

    def flaky(task, progress):
        tries.append(1)
        if len(tries) < 3:
            raise [ModelNotReady("the replica died"), ConnectionResetError()][len(tries) - 1]

    add_job("a")
    worker = JobWorker(shop(CountFiles(flaky)))
    while live_store.get("a").state is not JobState.DONE:
        worker.run_one()
        assert len(tries) <= 3
    assert live_store.get("a").attempt == 3


def test_errors_named_transient_and_a_full_disk_set_the_job_back(shop, add_job, live_store):
    class ReplicaDied(Exception):
        pass

    errors = [ReplicaDied(), OSError(errno.ENOSPC, "full")]

    def fail(task, progress):
        if errors:
            raise errors.pop()

    add_job("a")
    worker = JobWorker(shop(CountFiles(fail), transient=(ReplicaDied,)))
    while live_store.get("a").state is JobState.QUEUED:
        worker.run_one()
    assert live_store.get("a").state is JobState.DONE


def test_setbacks_without_end_fail_with_a_sentence(shop, add_job, live_store):
    def fail(task, progress):
        raise ModelNotReady("gone")

    add_job("a")
    worker = JobWorker(shop(CountFiles(fail)))
    while not live_store.get("a").state.final:
        worker.run_one()
    job = live_store.get("a")
    assert (job.state, job.error_kind, job.attempt) == (JobState.FAILED, "ModelNotReady", 4)


def test_a_running_job_is_cancelled_through_its_progress(shop, add_job, live_store, spool, results):
    def slow(task, progress):
        for n in range(1000):
            progress(n / 1000, "counting")
            time.sleep(0.01)

    add_job("a")
    thread = threading.Thread(target=JobWorker(shop(CountFiles(slow))).run_one)
    thread.start()
    _wait(live_store, "a", JobState.RUNNING)
    live_store.request_cancel("a")
    thread.join(5)
    job = live_store.get("a")
    assert job.state is JobState.CANCELLED
    assert 0 < job.progress < 0.9
    assert not spool.folder("a").exists()
    assert list(results.root.iterdir()) == []


def test_a_worker_that_lost_its_lease_publishes_nothing(shop, add_job, live_store, results):
    def lose(task, progress):
        with live_store._database.write() as session:
            session.connection().exec_driver_sql("UPDATE jobs SET attempt = attempt + 1")

    add_job("a")
    JobWorker(shop(CountFiles(lose))).run_one()
    assert live_store.get("a").state is JobState.RUNNING
    assert list(results.root.iterdir()) == []


def test_a_long_job_keeps_its_lease(shop, add_job, live_store):
    def slow(task, progress):
        for _ in range(30):
            time.sleep(0.1)
            assert live_store.recover(3).requeued == 0

    add_job("a")
    JobWorker(shop(CountFiles(slow))).run_one()  # half as long again as the lease
    assert live_store.get("a").state is JobState.DONE


def test_a_stopped_worker_hands_its_job_back(shop, add_job, live_store):
    def slow(task, progress):
        while True:
            progress(0.1, "counting")
            time.sleep(0.01)

    add_job("a")
    stop = threading.Event()
    thread = threading.Thread(target=JobWorker(shop(CountFiles(slow))).run_forever, args=(stop,))
    thread.start()
    _wait(live_store, "a", JobState.RUNNING)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert live_store.get("a").state is JobState.QUEUED
    assert JobWorker(shop(CountFiles())).run_one()


def test_a_worker_that_does_not_listen_loses_its_job(shop, add_job, live_store, settings):
    let_go = threading.Event()
    add_job("a")
    stop = threading.Event()
    worker = JobWorker(shop(CountFiles(lambda *_: let_go.wait(20))))
    thread = threading.Thread(target=worker.run_forever, args=(stop,))
    thread.start()
    _wait(live_store, "a", JobState.RUNNING)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert live_store.get("a").state is JobState.QUEUED
    let_go.set()


def test_stat_runs_at_once_beside_routine_jobs_that_fill_every_place(shop, add_job, live_store):
    let_go = threading.Event()

    def block(task, progress):
        if task.job_id.startswith("r"):
            let_go.wait(20)

    for n in range(3):
        add_job(f"r{n}")
    stop = threading.Event()
    worker = JobWorker(shop(CountFiles(block)))
    thread = threading.Thread(target=worker.run_forever, args=(stop,))
    thread.start()
    _wait(live_store, "r1", JobState.RUNNING)
    add_job("s", Lane.STAT)
    worker.wake()
    _wait(live_store, "s", JobState.DONE)
    assert live_store.get("r2").state is JobState.QUEUED
    let_go.set()
    _wait(live_store, "r2", JobState.DONE)
    stop.set()
    thread.join(5)


def test_a_job_without_images_or_pipeline_fails_clearly(shop, live_store, make_request, spool):
    live_store.create("a", make_request("a"))
    live_store.create("b", make_request("b", pipeline="gone"))
    worker = JobWorker(shop(CountFiles()))
    assert worker.run_one()
    assert worker.run_one()
    assert "files of this job are gone" in live_store.get("a").error_message
    assert "no longer has" in live_store.get("b").error_message


def test_results_open_only_names_in_the_job(shop, add_job, live_store, results):
    add_job("a")
    JobWorker(shop(CountFiles())).run_one()
    job = live_store.get("a")
    (results.root / "a" / "later.txt").write_text("not in the job")
    for name in ("later.txt", "../../live.sqlite", "/etc/passwd", "", ".", "overlays"):
        with pytest.raises(JobNotFound):
            results.open(job, name)
