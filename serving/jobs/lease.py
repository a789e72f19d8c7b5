"""The right to work on a job for a while."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from serving.domain.job import Job


@dataclass(frozen=True, slots=True)
class Lease:
    """A claimed job; owner and attempt together name this one claim."""

    job: Job
    owner: str

    @property
    def job_id(self) -> str:
        return self.job.job_id

    @property
    def attempt(self) -> int:
        return self.job.attempt


class Beat(Enum):
    """What a heartbeat finds."""

    HELD = auto()
    CANCEL = auto()
    """Still held, and the client wants the job to stop."""
    LOST = auto()
    """Somebody else may have it by now: whatever is still done for it must not be published."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of leases whose worker died: counts of jobs."""

    requeued: int = 0
    failed: int = 0
    cancelled: int = 0
