"""What goes, when, and what never does."""

from __future__ import annotations

import pytest

from serving.domain.job import JobState
from serving.jobs.owner import Owner
from serving.jobs.retention import Retention
from serving.jobs.settings import GIB, RetentionSettings
from serving.jobs.transitions import Outcome

DAY_S = 86400


@pytest.fixture
def finish_job(store, spool, results, make_request):
    """Makes a final job of 1000 bytes of images and 500 of results."""

    def make(job_id: str, state: JobState = JobState.DONE):
        folder = spool.open()
        (folder.path / "x.dcm").write_bytes(b"1" * 1000)
        folder.accept(job_id)
        store.create(job_id, make_request(job_id))
        folder.release()
        lease = store.claim(Owner.of_this_process().token, 10)
        assert lease is not None
        made = results.begin(job_id, 1)
        (made / "report.json").write_bytes(b"2" * 500)
        files = results.publish(job_id, made, lambda: None)
        store.finish(lease, Outcome(state, files))

    return make


@pytest.fixture
def retention(store, spool, results, clock):
    def build(**changes):
        return Retention(store, spool, results, RetentionSettings(**changes), clock)

    return build


def test_young_results_stay_and_images_of_done_jobs_go(retention, finish_job, store, spool):
    finish_job("a")
    report = retention().purge()
    assert (report.jobs, report.spools, report.spool_bytes) == (0, 1, 1000)
    assert not spool.folder("a").exists()
    assert store.get("a").files


def test_images_can_be_kept(retention, finish_job, spool):
    finish_job("a")
    assert retention(keep_spool=True).purge().spools == 0
    assert spool.folder("a").exists()


def test_images_of_failed_jobs_stay_some_days(retention, finish_job, spool, clock):
    finish_job("a", JobState.FAILED)
    assert retention(failed_spool_days=7).purge().spools == 0
    clock.now_s += 7 * DAY_S
    assert retention(failed_spool_days=7).purge().spools == 1
    assert not spool.folder("a").exists()


def test_old_jobs_are_forgotten_and_a_dry_run_only_says_so(
    retention, finish_job, store, results, clock
):
    finish_job("old")
    clock.now_s += 31 * DAY_S
    finish_job("new")
    dry = retention().purge(dry_run=True)
    assert (dry.jobs, dry.result_bytes, dry.dry_run) == (1, 500, True)
    assert store.unknown(["old"]) == set()
    wet = retention().purge()
    assert (wet.jobs, wet.result_bytes) == (1, 500)
    assert store.unknown(["old", "new"]) == {"old"}
    assert results.job_ids() == ["new"]


def test_too_many_results_cost_the_oldest(retention, finish_job, store, clock):
    for name in "abc":
        finish_job(name)
        clock.now_s += 1
    assert retention(results_max_gb=1000 / GIB).purge().jobs == 1
    assert store.unknown("abc") == {"a"}


def test_an_operator_can_ask_for_less(retention, finish_job, store, clock):
    finish_job("a")
    clock.now_s += 2 * DAY_S
    assert retention().purge(older_than_days=3).jobs == 0
    assert retention().purge(older_than_days=1).jobs == 1


def test_jobs_that_are_not_final_are_never_touched(
    retention, store, spool, results, make_request, clock
):
    for name in ("waiting", "running"):
        folder = spool.open()
        folder.accept(name)
        folder.release()
    store.create("running", make_request("r"))
    lease = store.claim(Owner.of_this_process().token, 10)
    store.create("waiting", make_request("w"))
    made = results.begin("running", lease.attempt)
    clock.now_s += 1000 * DAY_S
    report = retention().purge(older_than_days=0)
    assert (report.jobs, report.spools, report.abandoned_folders) == (0, 0, 0)
    assert made.exists()
    assert spool.folder("running").exists()
    assert spool.folder("waiting").exists()


def test_what_dead_attempts_and_half_purges_left_is_swept(retention, results, spool):
    results.begin("gone", 3)
    (results.root / "orphan").mkdir()
    (results.root / ".trash-1").mkdir()
    (spool.root / "orphan").mkdir()
    assert retention().purge(dry_run=True).abandoned_folders == 3
    assert retention().purge().abandoned_folders == 3
    assert list(results.root.iterdir()) == []
    assert list(spool.root.iterdir()) == []
