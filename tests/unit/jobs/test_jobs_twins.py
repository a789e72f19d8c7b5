"""Releases at the way in: which one a study runs, and the hidden twins beside it."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest
from release_sets import CANARY, SHADOW, STABLE, FixedSets, model_set

from serving.domain.errors import SpoolFull, UnsupportedImage
from serving.domain.job import TwinRole
from serving.domain.job_store import StudyHeader
from serving.domain.lane import Lane
from serving.domain.pipeline import PipelineInfo
from serving.domain.study import InstanceHeader
from serving.jobs.durable import tree_bytes
from serving.jobs.intake import JobIntake

HEADER = StudyHeader("chest_ct", Lane.STAT, parameters={"window": "lung", "of": "me"})
INSTANCES = ("1", "2", "3")


class UidInspector:
    """Reads `<study> <instance>`."""

    def inspect(self, path):
        study, _, uid = path.read_text().partition(" ")
        return InstanceHeader(uid, "1", study, "1", "CT", 1, 1, 1, True)

    def check_study(self, headers, pipeline):
        if not headers:
            raise UnsupportedImage("the study has no images")


@pytest.fixture
def sets():
    return FixedSets(model_set(canary=CANARY, callers=("pacs-2",), shadow=SHADOW))


@pytest.fixture
def intake(store, spool, settings, sets):
    pipelines = {"chest_ct": PipelineInfo("chest_ct", "1.0", ("net",))}
    limits = settings.intake.model_copy(update={"max_waiting_twins": 4})
    return JobIntake(
        store, spool, UidInspector(), pipelines, limits, sets, lambda uid: f"hash of {uid}"
    )


def _send(intake, study="9.9", header=HEADER):
    incoming = intake.begin(header)
    for uid in INSTANCES:
        incoming.write(f"{study} {uid}".encode())
        incoming.end_instance()
    return incoming.commit()


def _twins(store, job):
    return {
        twin.request.twin_role: twin for twin in store.twins() if twin.request.twin_of == job.job_id
    }


def test_a_study_is_accepted_with_all_that_its_release_pins(intake):
    request = _send(intake).request
    assert (request.release, request.models) == (STABLE, {"net": 1})
    assert (request.parameters, request.release_parameters) == (HEADER.parameters, {"of": "1"})
    assert request.study_key == "hash of 9.9"
    assert not request.hidden


def test_without_a_set_or_a_route_jobs_run_no_release(intake, sets, store):
    sets.now = None
    bare = _send(intake)
    sets.now = model_set().model_copy(update={"routes": ()})
    assert _send(intake).job_id == bare.job_id
    assert (bare.request.release, bare.request.models, bare.request.release_parameters) == (
        "",
        {},
        {},
    )
    assert store.twins() == []


def test_a_shadow_sees_the_study_hidden_and_on_the_batch_lane(intake, store, spool):
    job = _send(intake)
    (twin,) = _twins(store, job).values()
    request = twin.request
    assert (request.twin_role, request.release, request.models) == (
        TwinRole.SHADOW,
        SHADOW,
        {"net": 3},
    )
    assert (request.lane, request.pipeline) == (Lane.BATCH, "chest_ct")
    assert (request.parameters, request.release_parameters) == (HEADER.parameters, {"of": "3"})
    assert request.study_key == job.request.study_key
    assert [each.job_id for each in store.list()] == [job.job_id]


def test_a_caller_of_the_canary_is_answered_by_it_and_compared_with_stable(intake, store):
    job = _send(intake, header=replace(HEADER, caller="pacs-2"))
    assert job.request.release == CANARY
    twins = _twins(store, job)
    assert {role: twin.request.release for role, twin in twins.items()} == {
        TwinRole.COMPARISON: STABLE,
        TwinRole.SHADOW: SHADOW,
    }


def test_a_share_goes_by_the_study_whoever_sends_it(intake, sets, store):
    sets.now = model_set(canary=CANARY, share=0.5)
    answered = {
        n: _send(intake, f"1.{n}", replace(HEADER, idempotency_key=str(n))) for n in range(40)
    }
    releases = [job.request.release for job in answered.values()]
    assert 8 < releases.count(CANARY) < 32


def test_a_repeat_under_the_same_set_is_one_job_with_one_twin(intake, sets, store, spool):
    first = _send(intake)
    assert _send(intake).job_id == first.job_id
    assert _send(intake, header=replace(HEADER, caller="pacs-2")).job_id == first.job_id
    sets.now = model_set(canary=CANARY, share=1.0)
    assert _send(intake).job_id == first.job_id
    assert len(store.twins()) == 1
    assert len(list(spool.root.iterdir())) == 2


def test_after_a_promotion_a_study_that_is_sent_again_is_analysed_anew(intake, sets):
    first = _send(intake)
    sets.now = model_set(stable=2)
    second = _send(intake)
    assert second.job_id != first.job_id
    assert second.request.release == CANARY


def test_a_twins_images_are_links_that_cost_nothing_and_outlive_the_study(intake, store, spool):
    job = _send(intake)
    (twin,) = store.twins()
    ours, others = spool.folder(twin.job_id), spool.folder(job.job_id)
    assert ours.stat().st_mode & 0o777 == 0o700
    assert {p.name: p.stat().st_ino for p in ours.iterdir()} == {
        p.name: p.stat().st_ino for p in others.iterdir()
    }
    assert tree_bytes(spool.root) == tree_bytes(others) == tree_bytes(ours) > 0
    spool.remove(job.job_id)
    assert sorted(p.read_text() for p in ours.iterdir()) == ["9.9 1", "9.9 2", "9.9 3"]


def test_no_more_twins_wait_than_allowed_and_studies_come_in_all_the_same(intake, store, caplog):
    with caplog.at_level(logging.WARNING):
        jobs = {
            _send(intake, f"1.{n}", replace(HEADER, idempotency_key=str(n))).job_id
            for n in range(6)
        }
    assert len(jobs) == 6
    assert store.waiting_twins() == 4
    assert "has no shadow twin: Overloaded" in caplog.text


@pytest.mark.parametrize("error", [OSError("no links here"), SpoolFull("full"), MemoryError()])
def test_a_twin_that_cannot_be_made_fails_no_study_and_leaves_nothing(
    intake, store, spool, monkeypatch, caplog, error
):
    def refuse(*arguments, **options):
        raise error

    monkeypatch.setattr(os, "link", refuse)
    job = _send(intake)
    assert store.twins() == []
    assert [p.name for p in spool.root.iterdir()] == [job.job_id]
    assert type(error).__name__ in caplog.text
    assert "no links here" not in caplog.text


def test_half_a_study_never_becomes_a_twin(intake, store, spool, monkeypatch):
    """The study is cancelled, and its folder emptied, while it is being linked."""
    listed = Path.iterdir

    def with_a_loss(self):
        found = sorted(listed(self))
        if self.parent == spool.root and not self.name.startswith("incoming-"):
            found.pop().unlink()
        return iter(found)

    monkeypatch.setattr(Path, "iterdir", with_a_loss)
    _send(intake)
    assert store.twins() == []


def test_a_folder_that_a_crash_left_without_a_twin_is_swept(intake, store, spool):
    job = _send(intake)
    lost = spool.open()
    lost.accept("never-a-row")
    lost.release()
    assert spool.sweep(store.unknown) == 1
    assert len(list(spool.root.iterdir())) == 2
    assert spool.folder(job.job_id).is_dir()
