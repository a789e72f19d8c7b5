"""What may become of a job: the only code that changes the state in a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serving.domain.job import JobState, ResultFile
from serving.jobs.rows import file_entry
from serving.jobs.tables import JobRow


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended; `error_kind` and `error_message` only where it FAILED."""

    state: JobState
    files: Sequence[ResultFile] = ()
    error_kind: str = ""
    error_message: str = ""
    paused_s: float = 0.0
    """How long the attempt stood aside for others' studies."""


CANCELLED = Outcome(JobState.CANCELLED)


def start(row: JobRow, owner: str, now_s: float, lease_s: float) -> None:
    """QUEUED -> RUNNING."""
    row.state = JobState.RUNNING.value
    row.stage = "starting"
    row.progress = 0.0
    row.attempt += 1
    row.started_at_s = row.started_at_s or now_s
    row.owner = owner
    row.lease_expires_at_s = now_s + lease_s


def finish(row: JobRow, outcome: Outcome, now_s: float) -> None:
    """-> DONE, FAILED or CANCELLED."""
    row.state = outcome.state.value
    row.stage = outcome.state.value
    row.progress = 1.0 if outcome.state is JobState.DONE else row.progress
    row.finished_at_s = now_s
    row.files = [file_entry(file) for file in outcome.files]
    row.error_kind = outcome.error_kind
    row.error_message = outcome.error_message
    row.paused_s = outcome.paused_s
    _drop_lease(row)


def cancel(row: JobRow, now_s: float) -> None:
    """QUEUED -> CANCELLED; a running job is asked to stop, a final one stays as it is."""
    if JobState(row.state).final:
        return
    row.cancel_requested = True
    if row.state == JobState.QUEUED.value:
        finish(row, CANCELLED, now_s)


def requeue(row: JobRow, now_s: float, delay_s: float = 0.0) -> JobState:
    """RUNNING -> QUEUED, or CANCELLED where that was asked for; returns the new state."""
    if row.cancel_requested:
        finish(row, CANCELLED, now_s)
    else:
        row.state = JobState.QUEUED.value
        row.stage = "queued"
        row.progress = 0.0
        row.not_before_s = now_s + delay_s
        _drop_lease(row)
    return JobState(row.state)


def requeue_after_crash(row: JobRow, now_s: float, max_attempts: int) -> JobState:
    """As `requeue`; FAILED where the worker has died too often over this job."""
    row.crashes += 1
    if row.cancel_requested or row.crashes < max_attempts:
        return requeue(row, now_s)
    message = (
        f"the worker died {row.crashes} times while it was at work on this job, so it was given "
        "up; send it again, and tell support the job id if it fails again"
    )
    finish(row, Outcome(JobState.FAILED, error_kind="Internal", error_message=message), now_s)
    return JobState.FAILED


def _drop_lease(row: JobRow) -> None:
    row.owner = None
    row.lease_expires_at_s = None
