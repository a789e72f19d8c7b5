"""The folder where studies wait for their analysis.

    spool/incoming-<random>/    a study on its way in, locked by the process that fills it
    spool/<job id>/             an accepted study, or one about to be: see below

A study is accepted in this order: its files reach the disk, then the folder's entries, then the
folder takes the job's id, then the job's row is committed, then the client hears of it. A crash
before the row leaves a folder without a job, which `sweep` removes once nobody holds its lock;
there is never a job without its files. Names hold no patient data.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

from serving.domain.disk import sync
from serving.domain.errors import SpoolFull
from serving.jobs.durable import private_folder, remove_tree, tree_bytes
from serving.jobs.folder_lock import FolderLock
from serving.jobs.settings import GIB, IntakeSettings

_INCOMING = "incoming-"
_MEASURE_EVERY_S = 2.0


class Spool:
    """Makes, finds, measures and removes studies' folders; several processes share one root."""

    def __init__(self, root: Path, settings: IntakeSettings) -> None:
        self.root = private_folder(root)
        self._settings = settings
        self._lock = threading.Lock()
        self._measured_bytes = 0
        self._measured_at_s = float("-inf")

    def open(self) -> SpoolFolder:
        """A new, empty, locked folder. Raises SpoolFull."""
        self.check_room(0)
        while True:
            path = self.root / f"{_INCOMING}{uuid.uuid4().hex}"
            path.mkdir(mode=0o700)
            lock = FolderLock.take(path)
            if lock is not None:  # else a sweep was quicker, and removes it
                return SpoolFolder(self, path, lock)

    def folder(self, job_id: str) -> Path:
        """Where an accepted study's instances are."""
        return self.root / job_id

    def remove(self, job_id: str) -> None:
        """Forgets the images of a job."""
        remove_tree(self.folder(job_id))

    def used_bytes(self, job_id: str | None = None) -> int:
        """What one study takes, or all of them."""
        return tree_bytes(self.root if job_id is None else self.folder(job_id))

    def job_ids(self) -> list[str]:
        """Ids of the studies' folders, those without a job among them."""
        return [name for name in _names(self.root) if not name.startswith(_INCOMING)]

    def check_room(self, more_bytes: int) -> None:
        """Raises SpoolFull where `more_bytes` fit neither the budget nor the disk."""
        budget = int(self._settings.spool_max_gb * GIB)
        if self._measured() + more_bytes > budget:
            raise SpoolFull(
                f"the images that wait for analysis fill the spool's {budget / GIB:.3g} GiB; "
                "try again when some are analysed, or raise jobs.intake.spool_max_gb"
            )
        disk = os.statvfs(self.root)
        if disk.f_bavail * disk.f_frsize - more_bytes < self._settings.min_free_disk_gb * GIB:
            raise SpoolFull(
                f"the disk would have less than {self._settings.min_free_disk_gb:g} GiB free; "
                "free some space on the box (`aibox jobs purge`) and try again"
            )

    def sweep(self, without_job: Callable[[Iterable[str]], set[str]], dry_run: bool = False) -> int:
        """Removes folders that nobody fills and no job owns; returns how many.

        `without_job` says which of some job ids no job has. It is asked after the lock is taken:
        a folder that was free then and has no job never gets one.
        """
        stale = 0
        suspects = without_job(self.job_ids())
        incoming = [name for name in _names(self.root) if name.startswith(_INCOMING)]
        for name in (*incoming, *suspects):
            lock = FolderLock.take(self.root / name)
            if lock is None:
                continue
            try:
                if name in suspects and not without_job([name]):
                    continue
                stale += 1
                if not dry_run:
                    remove_tree(self.root / name)
            finally:
                lock.release()
        return stale

    def _measured(self) -> int:
        """Bytes in the spool, measured anew when the last time is long enough ago."""
        with self._lock:
            if time.monotonic() - self._measured_at_s >= _MEASURE_EVERY_S:
                self._measured_bytes = tree_bytes(self.root)
                self._measured_at_s = time.monotonic()
            return self._measured_bytes

    def note_written(self, count: int) -> None:
        """Counts bytes written since the last measurement, so that no burst slips past it."""
        with self._lock:
            self._measured_bytes += count


class SpoolFolder:
    """A folder being filled. Not thread-safe."""

    def __init__(self, spool: Spool, path: Path, lock: FolderLock) -> None:
        self._spool = spool
        self._path = path
        self._lock = lock

    @property
    def path(self) -> Path:
        return self._path

    def check_room(self, more_bytes: int) -> None:
        """Raises SpoolFull where `more_bytes` do not fit."""
        self._spool.check_room(more_bytes)
        self._spool.note_written(more_bytes)

    def accept(self, job_id: str) -> None:
        """Gives the folder its job's id, durably; its lock stays held until `release`."""
        sync(self._path)
        target = self._spool.folder(job_id)
        self._path.rename(target)
        self._path = target
        sync(self._spool.root)

    def release(self) -> None:
        """Lets go of the folder: from here on it stays or goes with its job's row."""
        self._lock.release()

    def discard(self) -> None:
        """Removes the folder."""
        remove_tree(self._path)
        self._lock.release()


def _names(root: Path) -> list[str]:
    return [entry.name for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)]
