"""Jobs over HTTP: seen without what they are about, stopped, tried again."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from serving.domain.access import LOCAL
from serving.domain.audit import Outcome
from serving.domain.errors import IllegalTransition
from serving.domain.job import Job, JobRequest, JobState
from serving.domain.lane import Lane
from serving.jobs.transitions import Outcome as Ended
from tests.unit.appliance.admin.small_admin import SmallAdmin

SECRET = "DOE^JOHN"
LEASE_S = 60.0


def _queued(admin: SmallAdmin, key: str = "client:DOE^JOHN") -> Job:
    """A study with two images, as the intake leaves it."""
    folder = admin.parts.spool.open()
    (folder.path / "input").mkdir(mode=0o700)
    for name in ("1.dcm", "input/2.dcm"):
        (folder.path / name).write_bytes(b"pixels of " + name.encode())
    request = JobRequest(
        "study", "chest_ct", "1.0", Lane.STAT, key, {"note": SECRET}, release="chest_ct@1"
    )
    job_id = os.urandom(16).hex()
    folder.accept(job_id)
    job, _ = admin.parts.jobs.create(job_id, request)
    folder.release()
    return job


def _failed(admin: SmallAdmin) -> Job:
    job = _queued(admin)
    lease = admin.parts.jobs.claim("test", LEASE_S)
    assert lease is not None
    admin.parts.jobs.finish(
        lease, Ended(JobState.FAILED, error_kind="UnsupportedImage", error_message="no slices")
    )
    return job


def _files(folder: Path) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_jobs_show_nothing_that_a_sender_wrote(admin: SmallAdmin) -> None:
    job = _failed(admin)
    listed = admin.http.get("/v1/jobs", params={"state": ["failed", "queued"]})
    assert SECRET not in listed.text
    (shown,) = listed.json()
    assert shown == admin.http.get(f"/v1/jobs/{job.job_id}").json()
    assert shown["error"] == {"kind": "UnsupportedImage", "message": "no slices"}
    assert (shown["release"], shown["priority"]) == ("chest_ct@1", "stat")
    assert admin.http.get("/v1/jobs?state=done").json() == []
    assert admin.http.get("/v1/jobs?state=lost").status_code == 422
    assert admin.http.get(f"/v1/jobs/{'0' * 32}").status_code == 404


def test_a_waiting_job_is_cancelled_once(admin: SmallAdmin) -> None:
    job = _queued(admin)
    assert admin.http.post(f"/v1/jobs/{job.job_id}/cancel").json()["state"] == "cancelled"
    assert admin.http.post(f"/v1/jobs/{job.job_id}/cancel").status_code == 409
    told = [("local", "job.cancel", Outcome.DONE), ("local", "job.cancel", Outcome.REFUSED)]
    assert admin.box.audit.told == told
    assert admin.box.audit.events[0].subject == job.job_id


def test_what_the_audit_cannot_witness_does_not_happen(admin: SmallAdmin) -> None:
    waiting, failed = _queued(admin, "other"), _failed_second(admin)
    admin.box.audit.broken = True
    for path in (f"{waiting.job_id}/cancel", f"{failed.job_id}/retry"):
        answer = admin.http.post(f"/v1/jobs/{path}")
        assert (answer.status_code, answer.json()["type"]) == (
            503,
            "urn:aibox:problem:audit-unavailable",
        )
    assert admin.parts.jobs.get(waiting.job_id).state is JobState.QUEUED
    assert len(admin.parts.jobs.list()) == 2
    assert sorted(admin.parts.spool.job_ids()) == sorted([waiting.job_id, failed.job_id])


def _failed_second(admin: SmallAdmin) -> Job:
    """Fails a job while another waits that is older."""
    job = _queued(admin, "late")
    older = admin.parts.jobs.claim("test", LEASE_S)
    lease = admin.parts.jobs.claim("test", LEASE_S)
    assert older is not None
    assert lease is not None
    assert lease.job_id == job.job_id
    admin.parts.jobs.finish(lease, Ended(JobState.FAILED, error_kind="Internal"))
    admin.parts.jobs.release(older)
    return job


def test_a_failed_job_is_tried_again_with_its_images(admin: SmallAdmin) -> None:
    job = _failed(admin)
    answer = admin.http.post(f"/v1/jobs/{job.job_id}/retry")
    assert answer.status_code == 200, answer.text
    again = admin.parts.jobs.get(answer.json()["job_id"])
    assert again.job_id != job.job_id
    assert (again.state, again.request) == (JobState.QUEUED, job.request)
    spool = admin.parts.spool
    images = _files(spool.folder(again.job_id))
    assert images == _files(spool.folder(job.job_id))
    assert len(images) == 2
    spool.remove(job.job_id)
    assert _files(spool.folder(again.job_id)) == images, "they outlive those of the failed job"
    assert admin.parts.jobs.get(job.job_id).state is JobState.FAILED
    assert admin.box.audit.told == [("local", "job.retry", Outcome.DONE)]


def test_a_job_that_was_sent_again_is_not_doubled(admin: SmallAdmin) -> None:
    job = _failed(admin)
    first = admin.http.post(f"/v1/jobs/{job.job_id}/retry").json()
    second = admin.http.post(f"/v1/jobs/{job.job_id}/retry").json()
    assert first == second
    assert len(admin.parts.jobs.list()) == 2


def test_only_a_failed_job_whose_images_are_kept(admin: SmallAdmin) -> None:
    waiting = _queued(admin, "other")
    assert admin.http.post(f"/v1/jobs/{waiting.job_id}/retry").status_code == 409
    admin.http.post(f"/v1/jobs/{waiting.job_id}/cancel")
    job = _failed(admin)
    admin.parts.spool.remove(job.job_id)
    answer = admin.http.post(f"/v1/jobs/{job.job_id}/retry")
    assert answer.status_code == 409
    assert "send the study again" in answer.json()["detail"]
    assert admin.parts.spool.job_ids() == [waiting.job_id]


def test_images_that_are_due_to_go_are_not_linked(admin: SmallAdmin) -> None:
    job = _failed(admin)
    kept_s = admin.parts.settings.jobs.retention.failed_spool_days * 86400
    late = replace(admin.parts.job_orders, clock=lambda: time.time() + kept_s)
    with pytest.raises(IllegalTransition, match="send the study again"):
        late.retry(LOCAL, job.job_id)
    assert admin.parts.spool.job_ids() == [job.job_id]
