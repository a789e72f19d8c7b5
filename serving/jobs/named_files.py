"""The files of a radiomics job on their way in: chunks become named files in the spool."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from serving.domain.errors import InvalidRequest
from serving.domain.job import Job
from serving.domain.radiomics import INPUT_FOLDER
from serving.jobs.durable import create_private
from serving.jobs.settings import IntakeSettings
from serving.jobs.spool import SpoolFolder

Register = Callable[[SpoolFolder, Mapping[str, str]], Job]
"""Makes the job of a folder whose files have these SHA-256 digests by name."""

_NAME = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/){0,7}[A-Za-z0-9_-][A-Za-z0-9._-]*")
_MAX_NAME = 200


class SpooledFiles:
    """One client's files (IncomingFiles).

    A call that is abandoned leaves its last step running in a thread: the lock makes `discard`
    wait for it, so that nothing is written after the folder is gone.
    """

    def __init__(self, folder: SpoolFolder, settings: IntakeSettings, register: Register) -> None:
        self._folder = folder
        self._settings = settings
        self._register = register
        self._digests: dict[str, str] = {}
        self._name = ""
        self._file: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self._file_bytes = 0
        self._total_bytes = 0
        self._over = False
        self._lock = threading.Lock()

    def write(self, name: str, data: bytes, last: bool) -> None:
        """Appends to the file at hand. Raises InvalidRequest, SpoolFull."""
        with self._lock:
            self._check_open()
            if self._file is None:
                self._begin(name)
            self._append(data)
            if last:
                self._end()

    def commit(self) -> Job:
        """The job of these files. Raises InvalidRequest."""
        with self._lock:
            self._check_open()
            if self._file is not None:
                raise InvalidRequest(
                    "the stream ended inside a file; mark the last chunk of each as `last`"
                )
            job = self._register(self._folder, self._digests)
            self._over = True
            return job

    def discard(self) -> None:
        """Leaves nothing behind; does nothing after `commit`."""
        with self._lock:
            if self._over:
                return
            self._over = True
            if self._file is not None:
                self._file.close()
            self._folder.discard()

    def _begin(self, name: str) -> None:
        if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
            raise InvalidRequest(
                f"the name of a file is a relative path of at most {_MAX_NAME} letters, digits, "
                "`.`, `_` and `-` with `/` between folders; another name came"
            )
        if name in self._digests:
            raise InvalidRequest("two files came under one name; give each a name of its own")
        if len(self._digests) >= self._settings.max_job_files:
            raise InvalidRequest(
                f"the job has more than the {self._settings.max_job_files} files allowed "
                "(jobs.intake.max_job_files)"
            )
        self._name, self._digest, self._file_bytes = name, hashlib.sha256(), 0
        self._file = _create(self._folder.path / INPUT_FOLDER / name)

    def _append(self, data: bytes) -> None:
        assert self._file is not None, "begun by the caller"
        self._count(len(data))
        self._folder.check_room(len(data))
        self._file.write(data)
        self._digest.update(data)

    def _count(self, more: int) -> None:
        limits = self._settings
        self._file_bytes += more
        self._total_bytes += more
        if self._file_bytes > limits.max_instance_bytes:
            raise InvalidRequest(
                f"a file has more than the {limits.max_instance_bytes} bytes allowed "
                "(jobs.intake.max_instance_bytes)"
            )
        if self._total_bytes > limits.max_job_bytes:
            raise InvalidRequest(
                f"the job's files have more than the {limits.max_job_bytes} bytes allowed "
                "(jobs.intake.max_job_bytes); put them on the box and use in_place"
            )

    def _end(self) -> None:
        assert self._file is not None, "begun by the caller"
        self._file.close()
        self._file = None
        self._digests[self._name] = self._digest.hexdigest()

    def _check_open(self) -> None:
        if self._over:
            raise InvalidRequest("the job's files have been ended; begin another job")


def _create(path: Path) -> BinaryIO:
    """Made durable all at once when the job is made; see `serving.jobs.radiomics_intake`."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return create_private(path)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise InvalidRequest("a file came under the name of a folder; rename one of them") from None
