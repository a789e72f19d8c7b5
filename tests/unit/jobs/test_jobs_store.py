"""The store of jobs: claims, leases, outcomes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from serving.domain.errors import IllegalTransition, JobNotFound
from serving.domain.job import JobState, ResultFile
from serving.domain.lane import Lane
from serving.jobs.lease import Beat
from serving.jobs.owner import Owner
from serving.jobs.store import JobStore
from serving.jobs.transitions import Outcome

DONE = Outcome(JobState.DONE, (ResultFile("report.json", 2, "0" * 64, "application/json"),))


@pytest.fixture
def owner() -> str:
    return Owner.of_this_process().token


def test_a_new_job_reads_back_as_it_was_made(store, make_request):
    job, created = store.create("a", make_request())
    assert created
    assert store.get("a") == job
    assert job.state is JobState.QUEUED
    assert job.request == make_request()
    assert job.created_at.tzinfo is not None


def test_an_unknown_job_is_not_found(store):
    with pytest.raises(JobNotFound):
        store.get("nothing")
    with pytest.raises(JobNotFound):
        store.request_cancel("nothing")


def test_the_same_key_gets_the_same_job_until_it_failed(store, make_request, owner):
    store.create("a", make_request())
    again, created = store.create("b", make_request())
    assert (again.job_id, created) == ("a", False)
    lease = store.claim(owner, 10)
    assert store.finish(lease, Outcome(JobState.FAILED, error_kind="X", error_message="x"))
    new, created = store.create("c", make_request())
    assert (new.job_id, created) == ("c", True)


def test_a_done_job_still_answers_for_its_key(store, make_request, owner):
    store.create("a", make_request())
    store.finish(store.claim(owner, 10), DONE)
    assert store.create("b", make_request())[0].job_id == "a"
    assert store.by_key("key").job_id == "a"


def test_a_job_asked_to_stop_no_longer_answers_for_its_key(store, make_request, owner):
    store.create("a", make_request())
    lease = store.claim(owner, 10)
    assert store.request_cancel("a").state is JobState.RUNNING
    assert store.create("b", make_request())[1]
    assert store.finish(lease, DONE)  # it was too late to stop it
    assert store.get("b").state is JobState.QUEUED


def test_claims_go_by_lane_then_by_age(store, make_request, owner):
    for job_id, lane in [("r1", 2), ("b1", 3), ("s1", 1), ("r2", 2), ("s2", 1)]:
        store.create(job_id, make_request(job_id, Lane(lane)))
    order = [store.claim(owner, 10).job_id for _ in range(5)]
    assert order == ["s1", "s2", "r1", "r2", "b1"]
    assert store.claim(owner, 10) is None


def test_a_claim_can_be_limited_to_lanes(store, make_request, owner):
    store.create("r", make_request("r"))
    assert store.claim(owner, 10, (Lane.STAT,)) is None
    store.create("s", make_request("s", Lane.STAT))
    assert store.claim(owner, 10, (Lane.STAT,)).job_id == "s"


def test_an_outcome_is_written_once_and_only_under_the_lease(store, make_request, owner):
    store.create("a", make_request())
    lease = store.claim(owner, 10)
    stranger = replace(lease, owner="somebody else")
    assert not store.finish(stranger, DONE)
    assert store.finish(lease, DONE)
    assert not store.finish(lease, Outcome(JobState.FAILED))
    job = store.get("a")
    assert (job.state, job.files, job.progress) == (JobState.DONE, DONE.files, 1.0)
    assert job.finished_at is not None


def test_a_lease_of_an_earlier_attempt_is_worth_nothing(store, make_request, owner, clock):
    store.create("a", make_request())
    first = store.claim(owner, 10)
    clock.now_s += 11
    assert store.recover(max_attempts=3).requeued == 1
    second = store.claim(owner, 10)
    assert (first.attempt, second.attempt) == (1, 2)
    assert store.beat(first, 10) is Beat.LOST
    assert store.look(first) is Beat.LOST
    assert not store.release(first)
    assert not store.finish(first, DONE)
    assert store.beat(second, 10) is Beat.HELD


def test_a_heartbeat_keeps_the_lease_and_notes_progress(store, make_request, owner, clock):
    store.create("a", make_request())
    lease = store.claim(owner, 10)
    clock.now_s += 9
    assert store.beat(lease, 10, 0.5, "lungs") is Beat.HELD
    clock.now_s += 9
    assert store.recover(max_attempts=3).requeued == 0
    job = store.get("a")
    assert (job.progress, job.stage) == (0.5, "lungs")


def test_the_callers_own_jobs_are_spared(store, make_request, owner, clock):
    store.create("a", make_request())
    store.claim(owner, 10)
    clock.now_s += 11
    assert store.recover(3, spare=["a"]).requeued == 0
    assert store.recover(3).requeued == 1


def test_a_job_over_which_the_worker_keeps_dying_fails_with_a_sentence(
    store, make_request, owner, clock
):
    store.create("a", make_request())
    for _ in range(3):
        assert store.claim(owner, 10) is not None
        clock.now_s += 11
        report = store.recover(max_attempts=3)
    assert report.failed == 1
    job = store.get("a")
    assert (job.state, job.error_kind) == (JobState.FAILED, "Internal")
    assert "died 3 times" in job.error_message


def test_a_release_does_not_count_as_a_crash(store, make_request, owner):
    store.create("a", make_request())
    for _ in range(6):
        assert store.release(store.claim(owner, 10))
    assert store.recover(max_attempts=3).failed == 0
    assert store.get("a").state is JobState.QUEUED


def test_a_setback_waits_and_ends_in_failure_after_many(store, make_request, owner, clock):
    store.create("a", make_request())
    failure = Outcome(JobState.FAILED, error_kind="ModelNotReady", error_message="no model")
    assert store.set_back(store.claim(owner, 10), 5, failure, max_setbacks=2)
    assert store.claim(owner, 10) is None
    clock.now_s += 5
    lease = store.claim(owner, 10)
    assert store.setbacks(lease) == 1
    assert store.set_back(lease, 5, failure, max_setbacks=2)
    assert store.get("a").error_kind == "ModelNotReady"


@pytest.mark.parametrize("how", ["release", "expiry", "setback"])
def test_a_job_asked_to_stop_never_goes_back_to_the_queue(store, make_request, owner, clock, how):
    store.create("a", make_request())
    lease = store.claim(owner, 10)
    store.request_cancel("a")
    assert store.beat(lease, 10) is Beat.CANCEL
    if how == "release":
        store.release(lease)
    elif how == "setback":
        store.set_back(lease, 1, Outcome(JobState.FAILED), max_setbacks=1)
    else:
        clock.now_s += 11
        assert store.recover(max_attempts=1).cancelled == 1
    assert store.get("a").state is JobState.CANCELLED


def test_a_queued_job_is_cancelled_at_once_and_a_final_one_never(store, make_request):
    store.create("a", make_request())
    assert store.request_cancel("a").state is JobState.CANCELLED
    with pytest.raises(IllegalTransition):
        store.request_cancel("a")


def test_the_list_is_newest_first_and_bounded(store, make_request, owner):
    for n in range(5):
        store.create(f"j{n}", make_request(f"k{n}"))
    store.claim(owner, 10)
    assert [job.job_id for job in store.list(limit=2)] == ["j4", "j3"]
    assert [job.job_id for job in store.list([JobState.RUNNING])] == ["j0"]
    assert store.counts() == {
        JobState.QUEUED: 4,
        JobState.RUNNING: 1,
        JobState.DONE: 0,
        JobState.FAILED: 0,
        JobState.CANCELLED: 0,
    }


def test_only_final_jobs_can_be_forgotten(store, make_request, owner):
    store.create("a", make_request("a"))
    store.create("b", make_request("b"))
    store.finish(store.claim(owner, 10), DONE)
    assert store.delete(["a", "b"]) == 1
    assert store.unknown(["a", "b"]) == {"a"}


def test_a_lease_of_a_dead_process_is_freed_before_it_expires(store, make_request):
    script = "from serving.jobs.owner import Owner; print(Owner.of_this_process().token)"
    token = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()
    store.create("a", make_request())
    store.claim(token, lease_s=3600)
    assert store.recover(max_attempts=3).requeued == 1


def test_owners_of_another_boot_or_a_reused_process_id_are_dead():
    mine = Owner.of_this_process()
    assert Owner.parse(mine.token) == mine
    assert not mine.dead
    assert replace(mine, boot_id="another").dead
    assert replace(mine, started_ticks=mine.started_ticks - 1).dead
    assert not replace(mine, pid_namespace="another", pid=1, started_ticks=1).dead


def test_the_database_is_durable_private_and_refuses_a_newer_schema(tmp_path: Path):
    path = tmp_path / "state" / "jobs.sqlite"
    store = JobStore(path)
    with store._database.read() as session:
        connection = session.connection()
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
    assert {p.stat().st_mode & 0o777 for p in path.parent.iterdir()} == {0o600}
    store.close()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version=99")
    raw.close()
    with pytest.raises(IllegalTransition, match="schema 99"):
        JobStore(path)
