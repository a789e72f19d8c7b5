"""Whether somebody is still filling a folder: a lock that the kernel frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class FolderLock:
    """An exclusive `flock` on a folder; it stays with the folder when that is renamed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, folder: Path) -> FolderLock | None:
        """The lock, or None where another holds it or the folder is gone."""
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        lock = cls(descriptor)
        if lock.guards(folder):
            return lock
        lock.release()
        return None

    def guards(self, folder: Path) -> bool:
        """Whether the locked folder is still the one of this name."""
        try:
            named = folder.stat()
        except FileNotFoundError:
            return False
        return os.path.samestat(named, os.fstat(self._descriptor))

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
