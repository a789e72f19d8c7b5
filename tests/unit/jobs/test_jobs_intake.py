"""The way in: limits, duplicates, keys, and nothing left of what is refused."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from serving.domain.errors import InvalidRequest, SpoolFull, UnsupportedImage
from serving.domain.job import JobState
from serving.domain.job_store import StudyHeader
from serving.domain.lane import Lane
from serving.domain.pipeline import PipelineInfo
from serving.domain.study import InstanceHeader
from serving.jobs.intake import JobIntake
from serving.jobs.spool import Spool

HEADER = StudyHeader("chest_ct", Lane.ROUTINE)


class LineInspector:
    """Reads a made-up image format: `IMG <uid>`, then anything."""

    def inspect(self, path):
        word, _, rest = path.read_bytes().partition(b" ")
        if word != b"IMG":
            raise UnsupportedImage("this is no image")
        uid = rest.split(b"\n")[0].decode()
        return InstanceHeader(uid, "1", "1", "1", "CT", 1, 1, 1, True)

    def check_study(self, headers, pipeline):
        if not headers:
            raise UnsupportedImage("the study has no images")


@pytest.fixture
def build_intake(store, spool, settings):
    def build(**changes):
        limits = settings.intake.model_copy(update=changes)
        pipelines = {"chest_ct": PipelineInfo("chest_ct", "1.0", ())}
        place = Spool(spool.root, limits)
        return JobIntake(store, place, LineInspector(), pipelines, limits)

    return build


def _send(intake, instances, header=HEADER):
    study = intake.begin(header)
    try:
        for instance in instances:
            for start in range(0, len(instance), 4):
                study.write(instance[start : start + 4])
            study.end_instance()
        return study.commit()
    finally:
        study.discard()


def test_an_accepted_study_has_its_files_under_names_that_tell_nothing(build_intake, spool, store):
    job = _send(build_intake(), [b"IMG 1.2.3\nDOE", b"IMG 1.2.4\n"])
    assert store.get(job.job_id).state is JobState.QUEUED
    files = list(spool.folder(job.job_id).iterdir())
    assert sorted(f.read_bytes() for f in files) == [b"IMG 1.2.3\nDOE", b"IMG 1.2.4\n"]
    assert {f.stat().st_mode & 0o777 for f in files} == {0o600}
    assert not any("1.2.3" in f.name for f in files)
    assert [p.name for p in spool.root.iterdir()] == [job.job_id]


def test_duplicates_are_kept_once_and_the_order_does_not_matter(build_intake, spool):
    first = _send(build_intake(), [b"IMG 1\n", b"IMG 2\n", b"IMG 1\n"])
    second = _send(build_intake(), [b"IMG 2\n", b"IMG 1\n"])
    assert first.job_id == second.job_id
    assert len(list(spool.folder(first.job_id).iterdir())) == 2
    assert len(list(spool.root.iterdir())) == 1


def test_other_images_make_another_job(build_intake):
    one, two = _send(build_intake(), [b"IMG 1\n"]), _send(build_intake(), [b"IMG 12\n"])
    assert one.job_id != two.job_id


def test_an_explicit_key_is_known_beforehand_and_kept_as_a_digest(build_intake, store):
    intake = build_intake()
    header = replace(HEADER, idempotency_key="DOE^JANE")
    assert intake.known(header) is None
    job = _send(intake, [b"IMG 1\n"], header)
    assert intake.known(header) == job
    assert _send(intake, [b"IMG 2\n"], header).job_id == job.job_id
    assert "DOE" not in store.get(job.job_id).request.idempotency_key


def test_a_repeat_with_more_urgency_moves_the_waiting_job_forward(build_intake, store):
    job = _send(build_intake(), [b"IMG 1\n"])
    _send(build_intake(), [b"IMG 1\n"], replace(HEADER, lane=Lane.STAT))
    _send(build_intake(), [b"IMG 1\n"], replace(HEADER, lane=Lane.BATCH))
    assert store.get(job.job_id).request.lane is Lane.STAT


@pytest.mark.parametrize(
    ("limits", "instances", "error"),
    [
        ({}, [], UnsupportedImage),
        ({}, [b"IMG 1\n", b"no image"], UnsupportedImage),
        ({}, [b"IMG \n"], UnsupportedImage),
        ({}, [b""], InvalidRequest),
        ({"max_instances": 1}, [b"IMG 1\n", b"IMG 2\n"], UnsupportedImage),
        ({"max_instance_bytes": 5}, [b"IMG 1\n"], UnsupportedImage),
        ({"max_study_bytes": 10}, [b"IMG 1\n", b"IMG 2\n"], UnsupportedImage),
        ({"spool_max_gb": 10 / 1024**3}, [b"IMG 1\n", b"IMG 2\n"], SpoolFull),
    ],
)
def test_nothing_stays_of_what_is_refused(build_intake, spool, store, limits, instances, error):
    with pytest.raises(error):
        _send(build_intake(**limits), instances)
    assert list(spool.root.iterdir()) == []
    assert list(store.list()) == []


def test_a_stream_that_ends_inside_an_instance_is_refused(build_intake, spool):
    study = build_intake().begin(HEADER)
    study.write(b"IMG 1\n")
    with pytest.raises(InvalidRequest, match="inside an instance"):
        study.commit()
    study.discard()
    assert list(spool.root.iterdir()) == []
    with pytest.raises(InvalidRequest, match="ended"):
        study.write(b"more")


def test_discard_after_commit_leaves_the_job_its_images(build_intake, spool):
    job = _send(build_intake(), [b"IMG 1\n"])  # _send discards in any case
    assert len(list(spool.folder(job.job_id).iterdir())) == 1


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (replace(HEADER, pipeline="DOE"), "this box has: chest_ct"),
        (replace(HEADER, idempotency_key="k" * 257), "256 characters"),
        (replace(HEADER, parameters={str(n): "" for n in range(65)}), "64 parameters"),
        (replace(HEADER, parameters={"a": "b" * 1025}), "1024 characters"),
    ],
)
def test_a_bad_header_is_refused_before_anything_is_written(build_intake, spool, header, text):
    for ask in (build_intake().known, build_intake().begin):
        with pytest.raises(InvalidRequest, match=text) as caught:
            ask(header)
        assert "DOE" not in caught.value.message
    assert list(spool.root.iterdir()) == []


def test_the_same_study_from_many_clients_at_once_is_one_job(build_intake, spool):
    intake = build_intake()
    jobs = []
    threads = [
        threading.Thread(target=lambda: jobs.append(_send(intake, [b"IMG 1\n", b"IMG 2\n"])))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({job.job_id for job in jobs}) == 1
    assert len(jobs) == 8
    assert [p.name for p in spool.root.iterdir()] == [jobs[0].job_id]
