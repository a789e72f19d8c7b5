"""The committed model set, read again whenever its file was replaced."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from serving.domain.errors import CorruptModel
from serving.domain.model_set import ModelSet, read_model_set

_Mark = tuple[int, int, int] | None

_log = logging.getLogger(__name__)


class ModelSetFile:
    """The set as it was last committed (ModelSets); any number of threads may ask."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: _Mark = None
        self._set: ModelSet | None = None

    def current(self) -> ModelSet | None:
        """The set that serves now; None where there is no file.

        A file that cannot be read leaves the set before it in force, for the replicas keep
        serving that too. Raises CorruptModel where there was none before.
        """
        with self._lock:
            # Looked at before it is read: one replaced in between is read again the next time.
            mark = self._mark()
            if mark is None or mark != self._seen:
                self._read()
                self._seen = mark
            return self._set

    def _read(self) -> None:
        try:
            self._set = read_model_set(self._path)
        except CorruptModel as error:
            if self._set is None:
                raise
            _log.error("the model set before it stays in force: %s", error.message)

    def _mark(self) -> _Mark:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
