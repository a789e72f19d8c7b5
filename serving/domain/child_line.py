"""What a child process tells its parent: lines of JSON on its stdout."""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from typing import IO, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from serving.domain.errors import error_class

Lines = queue.SimpleQueue[str]


class ChildLine(BaseModel):
    """One line: progress (`share` and `stage`), or an error of the domain (`kind`, `message`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: Literal["progress", "error", "done"]
    share: float = 0.0
    stage: str = ""
    kind: str = ""
    message: str = ""

    @property
    def error(self) -> Exception:
        """The child's AiboxError; RuntimeError, with its kind alone, for any other."""
        kind = error_class(self.kind)
        return RuntimeError(self.kind) if kind is None else kind(self.message)


def lines_of(stdout: IO[str]) -> Lines:
    """The lines as they come, from a thread that reads them; an empty one is the end."""
    lines: Lines = queue.SimpleQueue()
    threading.Thread(target=_read, args=(stdout, lines), name="child-lines", daemon=True).start()
    return lines


def parse_line(text: str) -> ChildLine | None:
    """None for a line that some library printed."""
    try:
        return ChildLine.model_validate_json(text)
    except ValidationError:
        return None


def _read(stdout: IO[str], lines: Lines) -> None:
    with suppress(ValueError):  # it was closed
        for line in stdout:
            lines.put(line)
    lines.put("")
