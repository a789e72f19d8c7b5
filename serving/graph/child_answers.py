"""The child's side of `serving.domain.child_line`."""

from __future__ import annotations

import os
from collections.abc import Callable

from serving.domain.child_line import ChildLine
from serving.domain.errors import AiboxError
from serving.domain.slices import Progress


class ChildAnswers:
    """Writes to the stdout that this process was started with; what others print goes to stderr."""

    def __init__(self) -> None:
        self._stdout = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)

    def run(self, work: Callable[[Progress], None]) -> None:
        """Does it and tells its progress and how it ended."""
        try:
            work(self._progress)
        except AiboxError as error:
            self._write(ChildLine(what="error", kind=type(error).__name__, message=error.message))
        except BaseException as error:  # its text may quote what it worked on
            self._write(ChildLine(what="error", kind=type(error).__name__))
        else:
            self._write(ChildLine(what="done"))

    def _progress(self, share: float, stage: str) -> None:
        self._write(ChildLine(what="progress", share=share, stage=stage))

    def _write(self, line: ChildLine) -> None:
        self._stdout.write(line.model_dump_json() + "\n")
