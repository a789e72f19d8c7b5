"""Runs twins in a child process that stays while there are some."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import psutil

from serving.domain.child_line import ChildLine, lines_of, parse_line
from serving.domain.errors import ModelNotReady
from serving.domain.slices import Progress
from serving.jobs.twin_runner import ORDERS, TwinOrder
from serving.settings import ServingSettings

_LOOK_S = 0.05
_COMMAND = (sys.executable, "-m", "serving.graph.idle_start", "serving.graph.twin_child")


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
                child.send(ORDERS.dump_json(order).decode())
                answer, held_s = child.follow(progress)
            except BaseException:
                self.close()  # what it works on is not wanted any more
                raise
        if answer.what == "error":
            raise answer.error
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
        self._process = psutil.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._lines = lines_of(self._process.stdout)

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def send(self, line: str) -> None:
        """A child that has ended is noticed by what it does not answer."""
        with suppress(BrokenPipeError):
            self._process.stdin.write(line + "\n")

    def follow(self, progress: Progress) -> tuple[ChildLine, float]:
        """The last line of an order, and for how many seconds the governor held the child.

        Raises ModelNotReady where the child ended, and whatever `progress` raises.
        """
        latest, held_s, looked_s = (
            ChildLine(what="progress", stage="starting"),
            0.0,
            time.monotonic(),
        )
        while latest.what == "progress":
            progress(latest.share, latest.stage)
            latest = self._next() or latest
            before_s, looked_s = looked_s, time.monotonic()
            if self._process.status() == psutil.STATUS_STOPPED:
                held_s += looked_s - before_s
        return latest, held_s

    def _next(self) -> ChildLine | None:
        try:
            text = self._lines.get(timeout=_LOOK_S)
        except queue.Empty:
            return None
        if not text:
            raise ModelNotReady("the process that reads twins ended by itself; it is started again")
        return parse_line(text)

    def end(self) -> None:
        """At once, held or not."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                pipe.close()
