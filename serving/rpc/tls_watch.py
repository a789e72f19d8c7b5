"""Something made from files, made anew when they change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from serving.domain.errors import AiboxError

_log = logging.getLogger(__name__)

Made = TypeVar("Made")
_Mark = tuple[int, int, int, int] | None
_Marks = tuple[_Mark, ...]


class Watched(Generic[Made]):
    """Holds what `load` makes of `files`; safe from several threads.

    The files are looked at when somebody asks, as each TLS handshake does: that costs a stat of
    each, and needs no thread of its own. Raises what `load` raises when it is built; later, files
    that cannot be used are logged once, tried again each time, and the former stays until then.
    """

    def __init__(self, what: str, files: Sequence[Path], load: Callable[[], Made]) -> None:
        self._what = what
        self._files = tuple(files)
        self._load = load
        self._lock = threading.Lock()
        # Marks first: a change while loading is then seen at the next look, never missed.
        self._marks = self._refused = self._look()
        self._current = load()

    def current(self) -> Made:
        """What is good now."""
        self.renewed()
        return self._current

    def renewed(self) -> Made | None:
        """What the files make, if they have changed since this was last asked; else None."""
        with self._lock:
            marks = self._look()
            if marks == self._marks:
                return None
            try:
                self._current = self._load()
            except AiboxError as error:
                self._tell(marks, error)
                return None
            self._marks = marks
            _log.info("%s: renewed certificate files are in use", self._what)
            return self._current

    def _tell(self, marks: _Marks, error: AiboxError) -> None:
        if marks != self._refused:
            self._refused = marks
            _log.error(
                "%s: the changed files are not used, the former certificate stays: %s",
                self._what,
                error.message,
            )

    def _look(self) -> _Marks:
        return tuple(_mark(path) for path in self._files)


def _mark(path: Path) -> _Mark:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
