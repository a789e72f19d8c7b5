"""Pairs kept in the jobs' database, and what they add up to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from some_pairs import NOON, pair

from appliance.canary.pair_store import PairStore
from appliance.canary.summary import summaries, summarise
from serving.jobs.store import JobStore


@pytest.fixture
def store(tmp_path: Path):
    store = PairStore(tmp_path / "jobs.sqlite")
    yield store
    store.close()


def test_pairs_read_back_as_they_were_kept_after_a_restart(store, tmp_path: Path) -> None:
    kept = [pair(0, dice=0.0, volumes=(0.0, 2.5)), pair(1, errors=("", "Internal")), pair(2)]
    assert all(store.add(each) for each in kept)
    again = PairStore(tmp_path / "jobs.sqlite")
    assert list(again.pairs()) == kept
    again.close()


def test_a_twin_is_in_one_pair_only(store) -> None:
    assert store.add(pair(1))
    assert store.has("twin1")
    assert not store.add(pair(1, dice=0.1))
    assert [each.agreement.dice for each in store.pairs()] == [1.0]


def test_pairs_are_found_by_release_and_time_and_the_newest_are_kept(store) -> None:
    for n in range(6):
        store.add(pair(n, releases=("chest_ct@1", f"chest_ct@{2 + n % 2}")))
    assert [p.job_id for p in store.pairs("chest_ct@1", "chest_ct@3")] == ["job1", "job3", "job5"]
    assert [p.job_id for p in store.pairs(since=NOON + timedelta(minutes=4))] == ["job4", "job5"]
    assert [p.job_id for p in store.pairs(limit=2)] == ["job4", "job5"]
    assert list(store.pairs("chest_ct@9")) == []
    assert store.forget(NOON + timedelta(minutes=4)) == 4
    assert [p.job_id for p in store.pairs()] == ["job4", "job5"]


def test_jobs_and_pairs_share_the_file(store, tmp_path: Path) -> None:
    jobs = JobStore(tmp_path / "jobs.sqlite")
    assert list(jobs.list()) == []
    jobs.close()


def test_a_summary_counts_errors_apart_from_what_could_be_compared() -> None:
    found = [
        pair(0, dice=0.9, volumes=(10.0, 12.0), seconds=(10.0, 20.0)),
        pair(1, dice=0.7, volumes=(10.0, 18.0), seconds=(12.0, 22.0), severities=(3, 5)),
        pair(2, dice=0.8, volumes=(10.0, 14.0), seconds=(14.0, 24.0)),
        pair(3, errors=("", "Internal")),
        pair(4, errors=("UnsupportedImage", "UnsupportedImage")),
    ]
    (told,) = summaries(found)
    assert (told.baseline.release, told.candidate.release) == ("chest_ct@1", "chest_ct@2")
    assert (told.studies, told.compared) == (5, 3)
    assert (told.baseline.errors, told.candidate.errors) == (1, 2)
    assert told.error_rate_increase == pytest.approx(0.2)
    assert (told.baseline.median_s, told.candidate.median_s) == (11.0, 22.0)
    assert told.candidate.p95_s == pytest.approx(23.8)
    assert told.latency_ratio == pytest.approx(2.0)
    assert (told.dice_median, told.dice_p10) == (pytest.approx(0.8), pytest.approx(0.72))
    assert told.volume_difference_median_ml == 4.0
    assert (told.severity_changes, told.severity_change_rate) == (1, pytest.approx(1 / 3))


def test_nothing_at_all_is_summed_up_too() -> None:
    told = summarise("chest_ct@1", "chest_ct@2", [])
    assert (told.studies, told.compared, told.dice_median, told.latency_ratio) == (0, 0, None, None)
    assert (told.error_rate_increase, told.severity_change_rate) == (0.0, 0.0)
    assert summaries([]) == ()


def test_every_two_releases_are_summed_up_apart() -> None:
    found = [pair(n, releases=("chest_ct@1", f"chest_ct@{2 + n % 2}")) for n in range(5)]
    assert [(s.candidate.release, s.studies) for s in summaries(found)] == [
        ("chest_ct@2", 3),
        ("chest_ct@3", 2),
    ]
