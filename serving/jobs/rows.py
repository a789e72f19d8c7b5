"""Between rows of the database and jobs of the domain."""

from __future__ import annotations

from datetime import UTC, datetime

from serving.domain.job import Job, JobRequest, JobState, ResultFile, TwinRole
from serving.domain.lane import Lane
from serving.jobs.tables import JobRow


def to_job(row: JobRow) -> Job:
    return Job(
        job_id=row.job_id,
        request=JobRequest(
            kind=row.kind,
            pipeline=row.pipeline,
            pipeline_version=row.pipeline_version,
            lane=Lane(row.lane),
            idempotency_key=row.idempotency_key,
            parameters=dict(row.parameters),
            release=row.release,
            models=dict(row.models),
            release_parameters=dict(row.release_parameters),
            twin_of=row.twin_of,
            twin_role=TwinRole(row.twin_role) if row.twin_role else None,
            study_key=row.study_key,
        ),
        state=JobState(row.state),
        stage=row.stage,
        progress=row.progress,
        attempt=row.attempt,
        created_at=datetime.fromtimestamp(row.created_at_s, UTC),
        started_at=_time(row.started_at_s),
        finished_at=_time(row.finished_at_s),
        error_kind=row.error_kind,
        error_message=row.error_message,
        files=tuple(_to_file(entry) for entry in row.files),
        cancel_requested=row.cancel_requested,
        paused_s=row.paused_s,
    )


def new_row(job_id: str, request: JobRequest, now_s: float) -> JobRow:
    """A queued job that nobody has claimed."""
    return JobRow(
        job_id=job_id,
        kind=request.kind,
        pipeline=request.pipeline,
        pipeline_version=request.pipeline_version,
        lane=int(request.lane),
        idempotency_key=request.idempotency_key,
        parameters=dict(request.parameters),
        release=request.release,
        models=dict(request.models),
        release_parameters=dict(request.release_parameters),
        twin_of=request.twin_of,
        twin_role=request.twin_role.value if request.twin_role else "",
        study_key=request.study_key,
        state=JobState.QUEUED.value,
        stage="queued",
        created_at_s=now_s,
    )


def file_entry(file: ResultFile) -> dict[str, str | int]:
    return {
        "name": file.name,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "media_type": file.media_type,
    }


def _to_file(entry: dict[str, str | int]) -> ResultFile:
    return ResultFile(
        name=str(entry["name"]),
        size_bytes=int(entry["size_bytes"]),
        sha256=str(entry["sha256"]),
        media_type=str(entry["media_type"]),
    )


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
