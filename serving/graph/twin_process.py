"""Runs twins in a child process that stays while there are some."""

from __future__ import annotations

import logging
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from serving.domain.errors import ModelNotReady, error_class
from serving.domain.slices import Progress
from serving.graph.twin_line import AnswerLine, OrderLine
from serving.jobs.twin_runner import TwinOrder
from serving.settings import ServingSettings

_LOOK_S = 0.05
_COMMAND = (sys.executable, "-m", "serving.graph.idle_start", "serving.graph.twin_child")

_log = logging.getLogger(__name__)


class TwinProcess:
    """A TwinRunner (jobs). One twin at a time; a second thread waits for the first.

    The child touches files of its order alone. Leases and the database stay with the caller: a
    process that is held while it writes there would hold everybody up.
    """

    def __init__(self, settings: ServingSettings, command: Sequence[str] = _COMMAND) -> None:
        self._settings_json = settings.model_dump_json()
        self._command = command
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def run(self, order: TwinOrder, progress: Progress) -> float:
        """See TwinRunner. Raises ModelNotReady where the child ended by itself, RuntimeError where
        the pipeline met an error of its own, which the child's log names."""
        with self._lock:
            child = self._living()
            try:
                child.send(OrderLine.of(order).model_dump_json())
                answer, held_s = child.follow(progress)
            except BaseException:
                self.close()  # what it works on is not wanted any more
                raise
        if answer.what == "error":
            kind = error_class(answer.kind)
            raise RuntimeError(answer.kind) if kind is None else kind(answer.message)
        return held_s

    def close(self) -> None:
        """Ends the child, if there is one."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _living(self) -> _Child:
        if self._child is None or self._child.ended:
            self._child = _Child(self._command)
            self._child.send(self._settings_json)
        return self._child


class _Child:
    """The process, and a thread that reads what it tells."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert self._process.stdout is not None, "asked for a pipe"
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(
            target=_read, args=(self._process.stdout, self._lines), name="twin-lines", daemon=True
        ).start()

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def send(self, line: str) -> None:
        """A child that has ended is noticed by what it does not answer."""
        assert self._process.stdin is not None, "asked for a pipe"
        with suppress(BrokenPipeError):
            self._process.stdin.write(line + "\n")

    def follow(self, progress: Progress) -> tuple[AnswerLine, float]:
        """The last line of an order, and for how many seconds the child was held meanwhile."""
        latest, held_s, looked_s = (
            AnswerLine(what="progress", stage="starting"),
            0.0,
            time.monotonic(),
        )
        while latest.what == "progress":
            progress(latest.share, latest.stage)
            with suppress(queue.Empty):
                latest = _parse(self._lines.get(timeout=_LOOK_S)) or latest
            before_s, looked_s = looked_s, time.monotonic()
            if _is_stopped(self._process.pid):
                held_s += looked_s - before_s
        return latest, held_s

    def end(self) -> None:
        """At once, held or not."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def _read(stdout: IO[str], lines: queue.SimpleQueue[str]) -> None:
    with suppress(ValueError):  # it was closed
        for line in stdout:
            lines.put(line)
    lines.put("")


def _parse(text: str) -> AnswerLine | None:
    """None for what is no answer. Raises ModelNotReady at the end of all lines."""
    if not text:
        raise ModelNotReady("the process that reads twins ended by itself; it is started again")
    try:
        return AnswerLine.model_validate_json(text)
    except ValidationError:
        _log.warning("a line of the process that reads twins is no answer")
        return None


def _is_stopped(pid: int) -> bool:
    """Whether the governor of batch work holds it; see proc(5)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace").rpartition(")")[2]
    except OSError:
        return False
    return state.split()[0] == "T"
