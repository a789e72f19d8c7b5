"""Jobs from the wire as jobs of the domain."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType

from aibox.v1 import job_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from serving.domain.job import Job, JobRequest, JobState, ResultFile
from serving.domain.lane import Lane

STATE_ON_THE_WIRE = MappingProxyType(
    {
        JobState.QUEUED: job_pb2.JOB_STATE_QUEUED,
        JobState.RUNNING: job_pb2.JOB_STATE_RUNNING,
        JobState.DONE: job_pb2.JOB_STATE_DONE,
        JobState.FAILED: job_pb2.JOB_STATE_FAILED,
        JobState.CANCELLED: job_pb2.JOB_STATE_CANCELLED,
    }
)
PRIORITY_ON_THE_WIRE = MappingProxyType(
    {
        Lane.STAT: job_pb2.PRIORITY_STAT,
        Lane.ROUTINE: job_pb2.PRIORITY_ROUTINE,
        Lane.BATCH: job_pb2.PRIORITY_BATCH,
    }
)
_STATES = {wire: state for state, wire in STATE_ON_THE_WIRE.items()}
_LANES = {wire: lane for lane, wire in PRIORITY_ON_THE_WIRE.items()}


def to_job(wire: job_pb2.Job) -> Job:
    """The job; its idempotency key and parameters stay with the box and are empty here."""
    return Job(
        job_id=wire.job_id,
        request=JobRequest(
            kind=wire.kind,
            pipeline=wire.pipeline,
            pipeline_version=wire.pipeline_version,
            lane=_LANES.get(wire.priority, Lane.ROUTINE),
            idempotency_key="",
            release=wire.release,
        ),
        state=_STATES[wire.state],
        stage=wire.stage,
        progress=wire.progress,
        attempt=wire.attempt,
        created_at=wire.created_at.ToDatetime(UTC),
        started_at=_time(wire.HasField("started_at"), wire.started_at),
        finished_at=_time(wire.HasField("finished_at"), wire.finished_at),
        error_kind=wire.error.kind,
        error_message=wire.error.message,
        files=tuple(_file(file) for file in wire.files),
        cancel_requested=wire.cancel_requested,
    )


def _file(wire: job_pb2.ResultFile) -> ResultFile:
    return ResultFile(wire.name, wire.size_bytes, wire.sha256, wire.media_type)


def _time(there: bool, stamp: Timestamp) -> datetime | None:
    return stamp.ToDatetime(UTC) if there else None
