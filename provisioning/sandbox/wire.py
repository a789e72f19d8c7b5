"""What parent and child say to each other: one JSON document a line."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from serving.domain.errors import AiboxError, InvalidRequest, error_class


class Order(BaseModel):
    """The child's standard input."""

    step: str
    arguments: dict[str, Any]
    address_space_bytes: int
    file_bytes: int
    idle: bool = False


class Line(BaseModel):
    """One line of the child: progress, then at last a result or an error."""

    share: float | None = None
    stage: str = ""
    result: dict[str, Any] | None = None
    error: str | None = None
    """Class of a domain error."""
    message: str = ""


def to_line(error: AiboxError) -> Line:
    """A domain error as a line; its details stay behind."""
    return Line(error=type(error).__name__, message=error.message)


def to_error(line: Line) -> AiboxError:
    """The counterpart of `to_line`; an unknown class becomes InvalidRequest."""
    return (error_class(line.error or "") or InvalidRequest)(line.message)
