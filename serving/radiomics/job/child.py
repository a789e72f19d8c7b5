"""Work in a child process, which tells its progress and its end in lines of JSON on its stdout."""

from __future__ import annotations

import queue
import subprocess
from collections.abc import Sequence
from typing import IO

from serving.domain.child_line import ChildLine, lines_of, parse_line
from serving.domain.errors import IllegalTransition
from serving.domain.slices import Progress

_LOOK_S = 0.3
_GRACE_S = 5.0


class Child:
    """Runs a command and passes on what it tells."""

    def __init__(self, command: Sequence[str], cpus: Sequence[int]) -> None:
        self._command = (*command, ",".join(map(str, cpus)))

    def run(self, arguments: Sequence[str], progress: Progress) -> None:
        """Until the child is done. Whatever `progress` raises ends the child and passes through.

        Raises the child's AiboxError, and IllegalTransition where it ended without a word.
        """
        with subprocess.Popen(
            (*self._command, *arguments),
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        ) as process:
            assert process.stdout is not None, "asked for a pipe"
            try:
                _follow(process.stdout, progress)
            finally:
                _end(process)


def _follow(stdout: IO[str], progress: Progress) -> None:
    lines = lines_of(stdout)
    latest = ChildLine(what="progress", stage="starting")
    while latest.what != "done":
        progress(latest.share, latest.stage)
        try:
            text = lines.get(timeout=_LOOK_S)
        except queue.Empty:
            continue
        if not text:
            raise IllegalTransition(
                "the process that worked on this job ended by itself; the machine may have run "
                "out of memory: try again with fewer features, or tell support the job id"
            )
        latest = parse_line(text) or latest
        if latest.what == "error":
            raise latest.error


def _end(process: subprocess.Popen[str]) -> None:
    """Harmless for a child that has ended; else it has a moment to do so."""
    process.terminate()
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
