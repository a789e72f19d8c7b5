"""One box for one state directory: an exclusive lock that the kernel frees on death."""

from __future__ import annotations

import fcntl
import os
from io import FileIO
from pathlib import Path
from types import TracebackType

from appliance.errors import AlreadyRunning


class BoxLock:
    """An exclusive `flock` that also tells who holds it. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None

    def __enter__(self) -> BoxLock:
        """Raises AlreadyRunning where another process holds the lock."""
        file = FileIO(self._path, "a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise self._refusal() from None
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        self._file = file
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _refusal(self) -> AlreadyRunning:
        pid = _read_pid(self._path)
        named = f"process {pid}" if pid else "another process"
        return AlreadyRunning(
            f"a box already runs on this state directory as {named}; "
            "stop it with `aibox down`, or name another directory with --state",
            pid=pid or 0,
        )


def holder(path: Path) -> int | None:
    """The process that holds the lock now; None where nobody does."""
    try:
        with FileIO(path, "r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return _read_pid(path)
    return None


def _read_pid(path: Path) -> int | None:
    text = path.read_text("ascii").strip()
    return int(text) if text.isdigit() else None
