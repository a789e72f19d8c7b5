"""Twins that are done: compared once, kept as numbers, and gone from the box."""

from __future__ import annotations

from dataclasses import replace

import pytest
from finished_results import lesions, write_results

from appliance.canary.collector import TwinCollector
from appliance.canary.pair_store import PairStore
from serving.domain.errors import JobNotFound
from serving.domain.job import JobRequest, JobState, TwinRole
from serving.domain.lane import Lane
from serving.jobs.owner import Owner
from serving.jobs.results import ResultStore
from serving.jobs.settings import IntakeSettings
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore
from serving.jobs.transitions import Outcome

DONE = Outcome(JobState.DONE)


class Clock:
    now_s = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now_s


class Bench:
    """A box's jobs, files and pairs, and a collector over them."""

    def __init__(self, folder) -> None:
        self.clock = Clock()
        self.jobs = JobStore(folder / "jobs.sqlite", self.clock)
        self.spool = Spool(folder / "spool", IntakeSettings(min_free_disk_gb=0))
        self.results = ResultStore(folder / "results")
        self.pairs = PairStore(folder / "jobs.sqlite")
        self.owner = Owner.of_this_process().token

    def collector(self, **options) -> TwinCollector:
        return TwinCollector(self.jobs, self.spool, self.results, self.pairs, **options)

    def add(self, job_id: str, release: str, twin_of: str = "", role=None) -> None:
        request = JobRequest("study", "chest_ct", "1", Lane.ROUTINE, job_id, release=release)
        if twin_of:
            request = replace(request, lane=Lane.BATCH, twin_of=twin_of, twin_role=role)
        (self.spool.root / job_id).mkdir()
        (self.spool.root / job_id / "one.dcm").write_bytes(b"1")
        self.jobs.create(job_id, request)

    def end(
        self, hidden: bool, labels=None, seconds: float = 10.0, outcome: Outcome = DONE
    ) -> None:
        """Ends the oldest waiting job of that kind."""
        lease = self.jobs.claim(self.owner, 60, hidden=hidden)
        if labels is not None:
            write_results(self.results.root / lease.job_id, labels)
        self.clock.now_s += seconds
        assert self.jobs.finish(lease, outcome)

    def left(self) -> set[str]:
        """Ids of which there is anything still on the disk or in the database."""
        ids = {job.job_id for job in self.jobs.list(hidden=True)}
        return ids | set(self.results.job_ids()) | set(self.spool.job_ids())


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.jobs.close()
    bench.pairs.close()


def _shadowed(bench: Bench) -> None:
    bench.add("a", "chest_ct@1")
    bench.add("t", "chest_ct@3", "a", TwinRole.SHADOW)


def test_a_shadow_is_compared_when_both_are_done_and_then_it_is_gone(bench):
    _shadowed(bench)
    collector = bench.collector()
    assert collector.collect() == 0
    bench.end(False, lesions(1, 2), seconds=10)
    assert collector.collect() == 0
    assert bench.left() == {"a", "t"}
    bench.end(True, lesions(1), seconds=16, outcome=replace(DONE, paused_s=4.0))
    assert collector.collect() == 1
    (pair,) = bench.pairs.pairs()
    assert (pair.job_id, pair.twin_id, pair.role) == ("a", "t", TwinRole.SHADOW)
    assert (pair.baseline.release, pair.candidate.release) == ("chest_ct@1", "chest_ct@3")
    assert (pair.baseline.seconds, pair.candidate.seconds) == (10.0, 12.0)
    assert pair.agreement.dice == pytest.approx(2 / 3)
    assert pair.agreement.volume_difference_ml == -50.0
    assert bench.left() == {"a"}
    assert bench.results.published("a")
    assert collector.collect() == 0


def test_in_a_comparison_the_canary_answered_and_the_twin_is_the_baseline(bench):
    bench.add("a", "chest_ct@2")
    bench.add("t", "chest_ct@1", "a", TwinRole.COMPARISON)
    bench.end(True, lesions(1))
    bench.end(False, lesions(1, 2))
    bench.collector().collect()
    (pair,) = bench.pairs.pairs()
    assert (pair.baseline.release, pair.candidate.release) == ("chest_ct@1", "chest_ct@2")
    assert pair.agreement.volume_difference_ml == 50.0


@pytest.mark.parametrize("fails_hidden", [True, False])
def test_a_failure_of_either_side_is_counted_and_compares_nothing(bench, fails_hidden):
    _shadowed(bench)
    failed = Outcome(JobState.FAILED, error_kind="Internal", error_message="m")
    bench.end(fails_hidden, outcome=failed)
    bench.end(not fails_hidden, lesions(1))
    assert bench.collector().collect() == 1
    (pair,) = bench.pairs.pairs()
    kinds = (pair.baseline.error_kind, pair.candidate.error_kind)
    assert kinds == (("", "Internal") if fails_hidden else ("Internal", ""))
    assert pair.agreement is None
    assert bench.left() == {"a"}


def test_what_says_nothing_of_the_releases_makes_no_pair(bench):
    gone = Outcome(JobState.FAILED, error_kind="ModelNotFound", error_message="m")
    _shadowed(bench)
    bench.end(False, lesions(1))
    bench.end(True, outcome=gone)
    assert bench.collector().collect() == 0
    bench.add("moved", "chest_ct@1")
    bench.add("same", "chest_ct@1", "moved", TwinRole.COMPARISON)
    bench.end(False, lesions(1))
    bench.end(True, lesions(1))
    assert bench.collector().collect() == 0
    bench.add("cancelled", "chest_ct@1")
    bench.add("with", "chest_ct@3", "cancelled", TwinRole.SHADOW)
    bench.jobs.request_cancel("cancelled")
    assert bench.collector().collect() == 0
    assert bench.left() == {"a", "moved", "cancelled"}


def test_a_twin_whose_study_was_purged_goes_too(bench):
    _shadowed(bench)
    bench.end(False, lesions(1))
    bench.end(True, lesions(1))
    bench.jobs.delete(["a"])
    bench.spool.remove("a")
    bench.results.remove("a")
    assert bench.collector().collect() == 0
    assert bench.left() == set()
    with pytest.raises(JobNotFound):
        bench.jobs.get("t", hidden=True)


def test_broken_results_leave_a_pair_without_agreement_and_no_text_of_theirs(bench, caplog):
    _shadowed(bench)
    bench.end(False, lesions(1))
    bench.end(True, lesions(1))
    (bench.results.root / "t" / "report.json").write_text("DOE^JANE")
    (bench.results.root / "a" / "lesions.nii.gz").unlink()
    assert bench.collector().collect() == 1
    assert bench.pairs.pairs()[0].agreement is None
    assert "DOE" not in caplog.text
    assert bench.left() == {"a"}


def test_after_a_crash_before_the_twin_was_removed_nothing_is_compared_twice(bench, monkeypatch):
    _shadowed(bench)
    bench.end(False, lesions(1))
    bench.end(True, lesions(1))

    class Crash(BaseException):
        pass

    def die(job_ids):
        raise Crash

    monkeypatch.setattr(bench.jobs, "delete", die)
    with pytest.raises(Crash):
        bench.collector().collect()
    monkeypatch.undo()
    assert bench.collector().collect() == 0
    assert len(bench.pairs.pairs()) == 1
    assert bench.left() == {"a"}


def test_a_job_that_began_twice_tells_nothing_of_speed(bench):
    _shadowed(bench)
    bench.jobs.release(bench.jobs.claim(bench.owner, 60))
    bench.end(False, lesions(1))
    bench.end(True, lesions(1))
    bench.collector().collect()
    (pair,) = bench.pairs.pairs()
    assert (pair.baseline.seconds, pair.candidate.seconds) == (None, 10.0)


def test_comparing_can_be_turned_off_and_times_are_kept_all_the_same(bench):
    _shadowed(bench)
    bench.end(False, lesions(1))
    bench.end(True, lesions(2))
    assert bench.collector(compare=False).collect() == 1
    (pair,) = bench.pairs.pairs()
    assert (pair.agreement, pair.candidate.seconds) == (None, 10.0)
    assert bench.left() == {"a"}
