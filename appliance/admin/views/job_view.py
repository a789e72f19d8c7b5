"""A job without what it is about: no parameters, no keys, nothing that a sender wrote."""

from __future__ import annotations

from pydantic import AwareDatetime

from appliance.admin.views.part import Part
from serving.domain.job import Job, JobState


class JobFileView(Part):
    """A result file, which only the gRPC side hands out."""

    name: str
    size_bytes: int
    sha256: str


class JobErrorView(Part):
    """Why it failed."""

    kind: str
    message: str


class JobView(Part):
    """One job."""

    job_id: str
    kind: str
    pipeline: str
    pipeline_version: str
    release: str
    """Reference of the release that it runs; empty where there is none."""
    models: dict[str, int]
    priority: str
    state: JobState
    stage: str
    progress: float
    attempt: int
    cancel_requested: bool
    error: JobErrorView | None
    files: tuple[JobFileView, ...]
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None


def job_view(job: Job) -> JobView:
    """What everybody with the permission may see of a job."""
    error = JobErrorView(kind=job.error_kind, message=job.error_message) if job.error_kind else None
    return JobView(
        job_id=job.job_id,
        kind=job.request.kind,
        pipeline=job.request.pipeline,
        pipeline_version=job.request.pipeline_version,
        release=job.request.release,
        models=job.request.models,
        priority=job.request.lane.label,
        state=job.state,
        stage=job.stage,
        progress=job.progress,
        attempt=job.attempt,
        cancel_requested=job.cancel_requested,
        error=error,
        files=tuple(
            JobFileView(name=file.name, size_bytes=file.size_bytes, sha256=file.sha256)
            for file in job.files
        ),
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )
