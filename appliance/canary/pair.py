"""A study that two releases have read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from serving.domain.agreement import FindingsAgreement
from serving.domain.job import Job, JobState, TwinRole


@dataclass(frozen=True, slots=True)
class Side:
    """What became of the study under one release."""

    release: str
    seconds: float | None
    """From the start of its only attempt to its end, without what a twin stood aside; None where
    it failed or began more than once."""
    error_kind: str = ""
    """Class of the error; empty where it has results."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The baseline is what would answer without the candidate; holds no patient data."""

    job_id: str
    """Of the job that answered."""
    twin_id: str
    role: TwinRole
    baseline: Side
    candidate: Side
    finished_at: datetime
    agreement: FindingsAgreement | None
    """`a` is the baseline; None where a side failed or they could not be compared."""


def side_of(job: Job) -> Side:
    """The side of a final job."""
    failed = job.error_kind if job.state is JobState.FAILED else ""
    return Side(job.request.release, _seconds(job), failed)


def _seconds(job: Job) -> float | None:
    """A second attempt would count the wait before it, so such a job tells nothing of speed."""
    if job.state is not JobState.DONE or job.attempt != 1:
        return None
    if job.started_at is None or job.finished_at is None:
        return None
    return max((job.finished_at - job.started_at).total_seconds() - job.paused_s, 0.0)
