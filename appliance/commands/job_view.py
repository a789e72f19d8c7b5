"""Jobs as people and scripts read them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich.table import Table

from serving.domain.job import Job, JobState


def as_json(job: Job) -> dict[str, Any]:
    """A job for a script; times in ISO 8601."""
    return {
        "job_id": job.job_id,
        "kind": job.request.kind,
        "pipeline": job.request.pipeline,
        "pipeline_version": job.request.pipeline_version,
        "release": job.request.release,
        "priority": job.request.lane.label,
        "state": job.state.value,
        "stage": job.stage,
        "progress": job.progress,
        "attempt": job.attempt,
        "created_at": _iso(job.created_at),
        "started_at": _iso(job.started_at),
        "finished_at": _iso(job.finished_at),
        "cancel_requested": job.cancel_requested,
        "error": {"kind": job.error_kind, "message": job.error_message} if job.error_kind else None,
        "files": [
            {"name": f.name, "size_bytes": f.size_bytes, "sha256": f.sha256} for f in job.files
        ],
    }


def jobs_table(jobs: list[Job]) -> Table:
    """Jobs, one a line."""
    table = Table(box=None, pad_edge=False)
    for title in ("job", "runs", "priority", "state", "stage", "created (UTC)", "took"):
        table.add_column(title, no_wrap=True)
    for job in jobs:
        created = job.created_at.strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(
            job.job_id,
            job.request.release or job.request.pipeline,
            job.request.lane.label,
            job.state.value,
            _stage(job),
            created,
            _took(job),
        )
    return table


def sentence(job: Job) -> str:
    """The state of a job in one line."""
    if job.state is JobState.FAILED:
        return f"job {job.job_id} failed: {job.error_message}"
    return f"job {job.job_id} is {job.state.value}"


def _stage(job: Job) -> str:
    if job.state is JobState.RUNNING:
        return f"{job.stage} {job.progress:.0%}"
    return job.error_kind if job.state is JobState.FAILED else ""


def _took(job: Job) -> str:
    if job.started_at is None or job.finished_at is None:
        return ""
    return f"{(job.finished_at - job.started_at).total_seconds():.1f} s"


def _iso(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
