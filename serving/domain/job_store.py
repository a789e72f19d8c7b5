"""What the gRPC side needs of durable jobs: a book of them, their files, and a way in for studies.

All of it is synchronous and touches the disk: callers on an event loop use a thread.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from serving.domain.job import Job, JobState
from serving.domain.lane import Lane


class JobBook(Protocol):
    """Jobs as they stand, shared by every process of the box."""

    def get(self, job_id: str) -> Job:
        """Raises JobNotFound."""
        ...

    def list(self, states: Collection[JobState] = (), limit: int = 50) -> Sequence[Job]:
        """Newest first; no states means all."""
        ...

    def request_cancel(self, job_id: str) -> Job:
        """Cancels a queued job at once and asks a running one to stop.

        Raises JobNotFound, and IllegalTransition where the job is final.
        """
        ...


class ResultFiles(Protocol):
    """The result files of jobs."""

    def open(self, job: Job, name: str) -> BinaryIO:
        """The file for reading; the caller closes it. Raises JobNotFound unless it is the job's."""
        ...


@dataclass(frozen=True, slots=True)
class StudyHeader:
    """What a client says before it sends a study; an empty key means the study's own digest."""

    pipeline: str
    lane: Lane
    idempotency_key: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    caller: str = ""
    """Name under which the box knows the sender; empty where it asks nobody for one."""


class IncomingStudy(Protocol):
    """A study on its way in. Not thread-safe; ends with `commit` or `discard`."""

    def write(self, data: bytes) -> None:
        """Appends to the instance at hand. Raises UnsupportedImage, SpoolFull."""
        ...

    def end_instance(self) -> None:
        """Makes the instance durable and inspects it. Raises UnsupportedImage, SpoolFull."""
        ...

    def commit(self) -> Job:
        """The job of this study, queued or already known; from here on it survives any crash.

        Raises InvalidRequest and UnsupportedImage where the study cannot be analysed.
        """
        ...

    def discard(self) -> None:
        """Leaves nothing behind; does nothing after `commit`."""
        ...


class StudyIntake(Protocol):
    """The way in for studies."""

    def known(self, header: StudyHeader) -> Job | None:
        """The job that carries the header's explicit key. Raises InvalidRequest on a bad header."""
        ...

    def begin(self, header: StudyHeader) -> IncomingStudy:
        """Raises InvalidRequest on a bad header, SpoolFull."""
        ...
