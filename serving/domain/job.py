"""A durable job: every long task is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from serving.domain.lane import Lane


class TwinRole(StrEnum):
    """Why a study is analysed a second time, out of sight and on the batch lane."""

    SHADOW = "shadow"
    """With a release that answers nobody yet."""
    COMPARISON = "comparison"
    """With the stable release, since the canary answers."""


class JobState(StrEnum):
    """QUEUED -> RUNNING -> DONE | FAILED | CANCELLED; a lost lease leads from RUNNING to QUEUED."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A file among a job's results; `name` is relative, with forward slashes."""

    name: str
    size_bytes: int
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What is asked for; `idempotency_key` keeps a client's retry from doubling the job."""

    kind: str
    pipeline: str
    pipeline_version: str
    lane: Lane
    idempotency_key: str
    parameters: dict[str, str] = field(default_factory=dict)
    release: str = ""
    """Reference of the release that the job runs; empty where the box has none for its pipeline."""
    models: dict[str, int] = field(default_factory=dict)
    """Exact model versions of that release, by name, so that the job outlives the release."""
    release_parameters: dict[str, str] = field(default_factory=dict)
    """Parameters of that release; they overrule `parameters`, which are the sender's."""
    twin_of: str = ""
    """Id of the job that this one is the twin of; only hidden jobs have one."""
    twin_role: TwinRole | None = None
    study_key: str = ""
    """Keyed hash of the study's UID, for the audit; empty where nobody gave one."""

    @property
    def hidden(self) -> bool:
        """Whether users never see the job."""
        return bool(self.twin_of)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands; times are UTC. Holds no patient data."""

    job_id: str
    request: JobRequest
    state: JobState
    stage: str
    progress: float
    """0..1 over the whole job."""
    attempt: int
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error_kind: str = ""
    """Class name of the domain error; empty unless FAILED."""
    error_message: str = ""
    files: tuple[ResultFile, ...] = ()
    cancel_requested: bool = False
    paused_s: float = 0.0
    """Of a hidden job: how long its last attempt stood aside for others' studies."""
