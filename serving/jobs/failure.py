"""What an error in an attempt means for its job."""

from __future__ import annotations

import errno
import traceback
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import OperationalError

from serving.domain.errors import AiboxError, DeadlineExceeded, ModelNotReady, Overloaded, SpoolFull
from serving.domain.job import JobState
from serving.jobs.transitions import Outcome

_TRANSIENT = (
    ModelNotReady,
    Overloaded,
    DeadlineExceeded,
    ConnectionError,
    TimeoutError,
    OperationalError,
)
"""The last is the job database, locked for too long or on a full disk."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_STARVED = (*_FULL, errno.EMFILE, errno.ENFILE, errno.ENOMEM)

_INTERNAL = (
    "the analysis met an error of its own; the log of the box names the place under the job id, "
    "send that to support"
)
_NOT_READY = (
    "no model server was ready in any of the attempts; send the study again when `aibox status` "
    "shows the models ready"
)
_DISK_FULL = "the disk of the box stayed full; free some space (`aibox jobs purge`) and send again"


@dataclass(frozen=True, slots=True)
class Failure:
    """The outcome if it is to be final, and whether another attempt may do better."""

    outcome: Outcome
    transient: bool


def judge(error: BaseException, transient: tuple[type[BaseException], ...] = ()) -> Failure:
    """`transient` adds error types that speak of the box and not of the study.

    Only the texts of domain errors go further, which never hold patient data; a library's may.
    """
    if isinstance(error, OSError) and error.errno in _STARVED:
        return Failure(_failed(SpoolFull.__name__, _DISK_FULL), transient=True)
    if isinstance(error, (*_TRANSIENT, *transient)):
        return Failure(_failed(ModelNotReady.__name__, _NOT_READY), transient=True)
    if isinstance(error, AiboxError):
        return Failure(_failed(type(error).__name__, error.message), transient=False)
    return Failure(_failed("Internal", _INTERNAL), transient=False)


def place(error: BaseException) -> str:
    """Type and innermost place of an error, all of it that may be logged."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    last = frames[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno} in {last.name}"


def _failed(kind: str, message: str) -> Outcome:
    return Outcome(JobState.FAILED, error_kind=kind, error_message=message)
