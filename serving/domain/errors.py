"""The errors of the domain.

    AiboxError
    ├── InvalidRequest          the caller asked for something that cannot be
    │   └── UnsupportedImage    the images are not what a pipeline can read
    ├── ModelNotFound
    ├── JobNotFound
    ├── VersionExists
    ├── IllegalTransition       not allowed in the state that the thing is in
    ├── ModelNotReady
    ├── Overloaded              a queue is full
    ├── SpoolFull               the disk budget for incoming studies is used up
    ├── DeadlineExceeded        the caller's deadline passed before compute began
    ├── AuditUnavailable        what cannot be witnessed must not happen
    ├── CorruptModel            a model file is not what its manifest says
    ├── Unauthenticated
    └── Forbidden

They hold facts (one sentence and details), never status codes: each edge owns one table for
those. Messages never hold patient data. All survive pickling, since Ray carries them between
processes.
"""

from __future__ import annotations

from typing import Any

Detail = str | int | float | bool


class AiboxError(Exception):
    """Base of all domain errors: one sentence for a person, `details` for a program."""

    def __init__(self, message: str, **details: Detail) -> None:
        super().__init__(message)
        self.message = message
        self.details: dict[str, Detail] = details

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.details)


def _rebuild(kind: type[AiboxError], message: str, details: dict[str, Detail]) -> AiboxError:
    return kind(message, **details)


def error_class(name: str) -> type[AiboxError] | None:
    """The domain error of that class name, as processes tell each other of it."""
    kind = globals().get(name)
    return kind if isinstance(kind, type) and issubclass(kind, AiboxError) else None


class InvalidRequest(AiboxError):
    """The request can never succeed as it is; the message says what was expected and what came."""


class UnsupportedImage(InvalidRequest):
    """The images are broken, of the wrong kind, or too large to be read safely."""


class ModelNotFound(AiboxError):
    """No such model, version or precision is served."""


class JobNotFound(AiboxError):
    """No such job, or no such result file in it."""


class VersionExists(AiboxError):
    """That version is taken."""


class IllegalTransition(AiboxError):
    """The thing is in a state that does not allow this."""


class ModelNotReady(AiboxError):
    """The model is known and not yet able to answer."""


class Overloaded(AiboxError):
    """A bounded queue is full; try again later."""


class SpoolFull(AiboxError):
    """The disk budget for incoming studies is used up."""


class DeadlineExceeded(AiboxError):
    """The deadline passed before the work began."""


class AuditUnavailable(AiboxError):
    """The audit log cannot be written or read, so what it should witness must not happen."""


class CorruptModel(AiboxError):
    """A model file is missing, unreadable, or differs from its manifest."""


class Unauthenticated(AiboxError):
    """Who calls is not known."""


class Forbidden(AiboxError):
    """Who calls is known, and may not do this."""
