"""The folder of finished results.

    results/.tmp-<job id>-<attempt>/    being written by one attempt
    results/<job id>/                   complete: it takes this name only when all is on the disk

So a folder with a job's id is always whole, whoever wrote it and whatever died after.
"""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from serving.domain.disk import sync
from serving.domain.errors import JobNotFound
from serving.domain.job import Job, ResultFile
from serving.jobs.durable import (
    private_folder,
    remove_tree,
    remove_tree_at_once,
    seal_tree,
    tree_bytes,
)

_TEMPORARY = ".tmp-"
_TRASH = ".trash-"
_MEDIA_TYPES = {
    ".json": "application/json",
    ".html": "text/html",
    ".png": "image/png",
    ".gz": "application/gzip",
    ".csv": "text/csv",
    ".dcm": "application/dicom",
}


class ResultStore:
    """Makes, publishes, opens and removes folders of results."""

    def __init__(self, root: Path) -> None:
        self.root = private_folder(root)

    def begin(self, job_id: str, attempt: int) -> Path:
        """An empty folder for this attempt; those of earlier ones are removed."""
        for path in self.root.glob(f"{_TEMPORARY}{job_id}-*"):
            # At once: a worker that has lost its lease unawares may be about to publish it.
            remove_tree_at_once(path, self.root / f"{_TRASH}{uuid.uuid4().hex}")
        path = self.root / f"{_TEMPORARY}{job_id}-{attempt}"
        path.mkdir(mode=0o700)
        return path

    def publish(
        self, job_id: str, folder: Path, check: Callable[[], None]
    ) -> tuple[ResultFile, ...]:
        """Makes the attempt's folder the job's, durably; the first one to come stays.

        `check` is called when all is on the disk, and raises where it must not be published.
        """
        seal_tree(folder)
        check()
        try:
            folder.rename(self.root / job_id)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            remove_tree(folder)
        sync(self.root)
        return self.files(job_id)

    def published(self, job_id: str) -> bool:
        """Whether an attempt has got as far as its whole results."""
        return (self.root / job_id).is_dir()

    def files(self, job_id: str) -> tuple[ResultFile, ...]:
        """Every regular file of the job, by name, with its digest."""
        folder = self.root / job_id
        paths = sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
        return tuple(_describe(path, path.relative_to(folder).as_posix()) for path in paths)

    def open(self, job: Job, name: str) -> BinaryIO:
        """One of the job's files for reading; raises JobNotFound where it has none of that name.

        The name is compared with the names in the job and never interpreted as a path.
        """
        if all(file.name != name for file in job.files):
            raise JobNotFound("the job has no result file of that name; its `files` name them all")
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
            return os.fdopen(os.open(self.root / job.job_id / name, flags), "rb")
        except FileNotFoundError:
            raise JobNotFound("the job's result files have been purged") from None

    def discard(self, folder: Path) -> None:
        """Removes what an attempt wrote."""
        remove_tree(folder)

    def remove(self, job_id: str) -> None:
        """Forgets a job's results."""
        remove_tree(self.root / job_id)

    def used_bytes(self, job_id: str) -> int:
        return tree_bytes(self.root / job_id)

    def job_ids(self) -> list[str]:
        """Ids of the jobs with whole results."""
        return [p.name for p in self.root.iterdir() if not p.name.startswith(".")]

    def sweep_trash(self) -> None:
        """Removes what a crash left half removed."""
        for path in self.root.glob(f"{_TRASH}*"):
            remove_tree(path)

    def attempts(self) -> dict[str, tuple[str, int]]:
        """Folders being written, or left by attempts that died: name to (job id, attempt)."""
        names = [p.name for p in self.root.glob(f"{_TEMPORARY}*")]
        parts = {name: name.removeprefix(_TEMPORARY).rpartition("-") for name in names}
        return {name: (job_id, int(attempt)) for name, (job_id, _, attempt) in parts.items()}


def _describe(path: Path, name: str) -> ResultFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    media_type = _MEDIA_TYPES.get(path.suffix, "application/octet-stream")
    return ResultFile(name, path.stat().st_size, digest, media_type)
