"""Hidden jobs: nobody but the box itself meets them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from serving.domain.errors import JobNotFound
from serving.domain.job import JobState, TwinRole
from serving.domain.lane import Lane
from serving.domain.model_set import Release
from serving.jobs.owner import Owner
from serving.jobs.transitions import Outcome


@pytest.fixture
def owner() -> str:
    return Owner.of_this_process().token


@pytest.fixture
def make_twin(make_request):
    def make(of: str, key: str = "twin-key"):
        return replace(
            make_request(key, Lane.BATCH),
            release="chest_ct@2",
            models={"net": 2},
            release_parameters={"window": "soft"},
            twin_of=of,
            twin_role=TwinRole.SHADOW,
            study_key="ab" * 32,
        )

    return make


@pytest.fixture
def pair(store, make_request, make_twin):
    store.create("real", make_request())
    store.create("twin", make_twin("real"))
    return "real", "twin"


def test_a_twin_reads_back_as_it_was_made(store, pair, make_twin):
    assert store.get("twin", hidden=True).request == make_twin("real")
    assert not store.get("real").request.hidden


def test_users_meet_no_twin(store, pair):
    assert [job.job_id for job in store.list()] == ["real"]
    assert store.counts()[JobState.QUEUED] == 1
    assert store.by_key("twin-key") is None
    for ask in (store.get, store.request_cancel):
        with pytest.raises(JobNotFound):
            ask("twin")


def test_the_box_meets_them_where_it_asks(store, pair):
    assert [job.job_id for job in store.list(hidden=True)] == ["twin", "real"]
    assert store.counts(hidden=True)[JobState.QUEUED] == 2
    assert [job.job_id for job in store.twins()] == ["twin"]
    assert store.waiting_twins() == 1
    assert store.unknown(["twin", "real"]) == set()


def test_a_twin_is_claimed_by_those_who_want_twins_alone(store, pair, owner):
    assert store.claim(owner, 10).job_id == "real"
    assert store.claim(owner, 10) is None
    lease = store.claim(owner, 10, hidden=True)
    assert lease.job_id == "twin"
    assert store.claim(owner, 10, hidden=True) is None
    assert store.setbacks(lease) == 0
    assert store.finish(lease, Outcome(JobState.DONE, paused_s=2.5))
    assert store.get("twin", hidden=True).paused_s == 2.5
    assert store.waiting_twins() == 0
    assert [job.job_id for job in store.final_jobs()] == ["twin"]


def test_a_cancelled_study_takes_its_twins_along(store, pair, make_twin, owner):
    store.create("second", make_twin("real", "second-key"))
    store.create("other", make_twin("somebody", "other-key"))
    store.claim(owner, 10, hidden=True)
    store.request_cancel("real")
    states = {job.job_id: job.state for job in store.list(hidden=True)}
    assert states["second"] is states["real"] is JobState.CANCELLED
    assert states["twin"] is JobState.RUNNING
    assert store.get("twin", hidden=True).cancel_requested
    assert states["other"] is JobState.QUEUED


def test_a_box_is_busy_with_what_somebody_waits_for(store, make_request, make_twin, owner, clock):
    store.create("twin", make_twin("gone"))
    store.create("batch", make_request("b", Lane.BATCH))
    assert not store.busy()
    store.create("real", make_request("r"))
    assert store.busy()
    assert store.busy(["study"])
    assert not store.busy(["extract"])
    lease = store.claim(owner, 10)
    assert store.busy()
    store.set_back(lease, 30, Outcome(JobState.FAILED), 9)
    assert not store.busy()
    clock.now_s += 31
    assert store.busy()
    store.finish(store.claim(owner, 10), Outcome(JobState.DONE))
    assert not store.busy()


def test_a_job_is_moved_to_another_release_by_its_holder_alone(store, make_request, owner):
    release = Release(
        name="chest_ct", version=3, pipeline="p", models={"net": 3}, parameters={"a": "b"}
    )
    store.create("a", make_request())
    lease = store.claim(owner, 10)
    assert not store.move(replace(lease, owner="else"), release)
    assert store.get("a").request.release == ""
    assert store.move(lease, release)
    request = store.get("a").request
    assert (request.release, request.models) == ("chest_ct@3", {"net": 3})
    assert (request.parameters, request.release_parameters) == ({"window": "lung"}, {"a": "b"})
