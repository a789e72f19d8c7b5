"""Random histories of one store against a plain model of what a job may go through."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from serving.domain.errors import IllegalTransition
from serving.domain.job import JobRequest, JobState
from serving.domain.lane import Lane
from serving.jobs.lease import Beat
from serving.jobs.owner import Owner
from serving.jobs.store import JobStore
from serving.jobs.transitions import Outcome

LEASE_S = 10.0
MAX_ATTEMPTS = 3
MAX_SETBACKS = 3


@dataclass
class Expected:
    """What the model knows of one job."""

    key: str
    lane: Lane
    state: JobState = JobState.QUEUED
    attempt: int = 0
    crashes: int = 0
    setbacks: int = 0
    not_before_s: float = 0.0
    expires_s: float = 0.0
    cancel: bool = False

    @property
    def stands(self) -> bool:
        return self.state not in (JobState.FAILED, JobState.CANCELLED) and not self.cancel

    def back(self, not_before_s: float = 0.0) -> None:
        self.state = JobState.CANCELLED if self.cancel else JobState.QUEUED
        self.not_before_s = not_before_s


class JobHistory(RuleBasedStateMachine):
    """Clients and workers do what they like, in any order."""

    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        # In memory where there is such a folder: thousands of commits, none to outlive the test.
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.now_s = 1_700_000_000.0
        self.store = JobStore(self.folder / "jobs.sqlite", lambda: self.now_s)
        self.owner = Owner.of_this_process().token
        self.model: dict[str, Expected] = {}

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @initialize(lanes=st.lists(st.sampled_from(Lane), min_size=3, max_size=5))
    def begin_with_some_jobs(self, lanes):
        for key, lane in zip("vwxyz", lanes, strict=False):
            self.create(key, lane)

    @rule(key=st.sampled_from("vwxyz"), lane=st.sampled_from(Lane))
    def create(self, key, lane):
        job_id = f"j{len(self.model)}"
        standing = [name for name, job in self.model.items() if job.key == key and job.stands]
        job, created = self.store.create(job_id, JobRequest("study", "p", "1", lane, key))
        assert created == (not standing)
        if created:
            self.model[job_id] = Expected(key, lane)
            return
        assert [job.job_id] == standing
        if self.model[standing[0]].state is JobState.QUEUED:
            self.model[standing[0]].lane = min(self.model[standing[0]].lane, lane)

    @rule(target=leases, nap_s=st.sampled_from([0.0, 0.0, 30.0]))
    def claim(self, nap_s):
        self.now_s += nap_s
        waiting = [
            (job.lane, int(name[1:]), name)
            for name, job in self.model.items()
            if job.state is JobState.QUEUED and job.not_before_s <= self.now_s
        ]
        lease = self.store.claim(self.owner, LEASE_S)
        if not waiting:
            assert lease is None
            return multiple()
        assert lease.job_id == min(waiting)[2]
        job = self.model[lease.job_id]
        job.state = JobState.RUNNING
        job.attempt += 1
        job.expires_s = self.now_s + LEASE_S
        return lease

    @rule(lease=leases)
    def beat(self, lease):
        beat = self.store.beat(lease, LEASE_S, 0.5, "half")
        if not self._holds(lease):
            assert beat is Beat.LOST
            return
        job = self.model[lease.job_id]
        assert beat is (Beat.CANCEL if job.cancel else Beat.HELD)
        job.expires_s = self.now_s + LEASE_S

    @rule(
        lease=consumes(leases),
        state=st.sampled_from([JobState.DONE, JobState.FAILED, JobState.CANCELLED]),
    )
    def finish(self, lease, state):
        held = self._holds(lease)
        assert self.store.finish(lease, Outcome(state)) == held
        if held:
            self.model[lease.job_id].state = state

    @rule(lease=leases)
    def release(self, lease):
        held = self._holds(lease)
        assert self.store.release(lease) == held
        if held:
            self.model[lease.job_id].back(self.now_s)

    @rule(lease=leases, delay_s=st.sampled_from([0.0, 1.0, 30.0]))
    def set_back(self, lease, delay_s):
        held = self._holds(lease)
        failure = Outcome(JobState.FAILED, error_kind="ModelNotReady", error_message="none")
        assert self.store.set_back(lease, delay_s, failure, MAX_SETBACKS) == held
        if not held:
            return
        job = self.model[lease.job_id]
        job.setbacks += 1
        if job.setbacks >= MAX_SETBACKS and not job.cancel:
            job.state = JobState.FAILED
        else:
            job.back(self.now_s + delay_s)

    @rule(pick=st.integers(0, 99))
    def cancel(self, pick):
        if not self.model:
            return
        name = sorted(self.model)[pick % len(self.model)]
        job = self.model[name]
        if job.state.final:
            try:
                self.store.request_cancel(name)
            except IllegalTransition:
                return
            raise AssertionError("a final job was cancelled")
        self.store.request_cancel(name)
        job.cancel = True
        if job.state is JobState.QUEUED:
            job.state = JobState.CANCELLED

    @rule(seconds=st.sampled_from([0.0, 1.0, 5.0, 11.0, 11.0]))
    def wait_and_recover(self, seconds):
        self.now_s += seconds
        counts = {JobState.QUEUED: 0, JobState.FAILED: 0, JobState.CANCELLED: 0}
        for job in self.model.values():
            if job.state is not JobState.RUNNING or job.expires_s > self.now_s:
                continue
            job.crashes += 1
            if job.crashes >= MAX_ATTEMPTS and not job.cancel:
                job.state = JobState.FAILED
            else:
                job.back(self.now_s)
            counts[job.state] += 1
        found = self.store.recover(MAX_ATTEMPTS)
        assert (found.requeued, found.failed, found.cancelled) == tuple(counts.values())

    @invariant()
    def the_store_agrees(self):
        stored = {job.job_id: job for job in self.store.list(limit=1000)}
        assert stored.keys() == self.model.keys()
        for name, job in self.model.items():
            found = stored[name]
            assert (found.state, found.attempt, found.request.lane, found.cancel_requested) == (
                job.state,
                job.attempt,
                job.lane,
                job.cancel,
            )
            assert (found.finished_at is not None) == job.state.final

    def _holds(self, lease):
        job = self.model[lease.job_id]
        return job.state is JobState.RUNNING and job.attempt == lease.attempt


TestJobHistory = JobHistory.TestCase
TestJobHistory.settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
