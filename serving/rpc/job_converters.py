"""Jobs and study headers between the wire and the domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from aibox.v1 import job_pb2, study_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from serving.domain.errors import InvalidRequest
from serving.domain.job import Job, JobState
from serving.domain.job_store import StudyHeader
from serving.domain.lane import Lane

DEFAULT_PIPELINE = "chest_ct"
DEFAULT_LISTED = 50
MAX_LISTED = 1000

_STATE_TO_WIRE: Mapping[JobState, job_pb2.JobState] = MappingProxyType(
    {
        JobState.QUEUED: job_pb2.JOB_STATE_QUEUED,
        JobState.RUNNING: job_pb2.JOB_STATE_RUNNING,
        JobState.DONE: job_pb2.JOB_STATE_DONE,
        JobState.FAILED: job_pb2.JOB_STATE_FAILED,
        JobState.CANCELLED: job_pb2.JOB_STATE_CANCELLED,
    }
)
_STATE_FROM_WIRE: Mapping[int, JobState] = MappingProxyType(
    {int(wire): state for state, wire in _STATE_TO_WIRE.items()}
)


def job_to_wire(job: Job) -> job_pb2.Job:
    """The job as clients see it; without its key and parameters, which are the sender's own."""
    wire = job_pb2.Job(
        job_id=job.job_id,
        kind=job.request.kind,
        pipeline=job.request.pipeline,
        pipeline_version=job.request.pipeline_version,
        priority=job_pb2.Priority.Name(int(job.request.lane)),
        state=_STATE_TO_WIRE[job.state],
        stage=job.stage,
        progress=job.progress,
        attempt=job.attempt,
        created_at=_time(job.created_at),
        started_at=_time(job.started_at),
        finished_at=_time(job.finished_at),
        cancel_requested=job.cancel_requested,
        release=job.request.release,
    )
    if job.error_kind:
        wire.error.CopyFrom(job_pb2.JobError(kind=job.error_kind, message=job.error_message))
    for file in job.files:
        wire.files.add(
            name=file.name,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            media_type=file.media_type,
        )
    return wire


def header_from_wire(wire: study_pb2.AnalyzeHeader) -> StudyHeader:
    """Raises InvalidRequest for a priority that is none."""
    return StudyHeader(
        pipeline=wire.pipeline or DEFAULT_PIPELINE,
        lane=Lane.parse(int(wire.priority)),
        idempotency_key=wire.idempotency_key,
        parameters=dict(wire.parameters),
    )


def states_from_wire(wire: Iterable[int]) -> tuple[JobState, ...]:
    """Raises InvalidRequest for a number that is no state."""
    states = [_STATE_FROM_WIRE.get(number) for number in wire]
    if None in states:
        raise InvalidRequest("`states` takes job states from 1 (queued) to 5 (cancelled)")
    return tuple(state for state in states if state is not None)


def limit_from_wire(limit: int) -> int:
    """How many jobs to list. Raises InvalidRequest for more than `MAX_LISTED`."""
    if limit > MAX_LISTED:
        raise InvalidRequest(f"`limit` is at most {MAX_LISTED}; a larger one came")
    return limit or DEFAULT_LISTED


def _time(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    wire = Timestamp()
    wire.FromDatetime(moment)
    return wire
