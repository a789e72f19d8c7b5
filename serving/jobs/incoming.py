"""A study on its way in: chunks become durable, inspected, deduplicated instances."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from serving.domain.errors import InvalidRequest, UnsupportedImage
from serving.domain.job import Job
from serving.domain.study import InstanceHeader, InstanceInspector
from serving.jobs.durable import create_private
from serving.jobs.settings import IntakeSettings
from serving.jobs.spool import SpoolFolder

Register = Callable[[SpoolFolder, Sequence[InstanceHeader]], Job]
"""Makes the study's job: the folder is accepted under its id, or discarded for an older job."""

_PART = "arriving"


class SpooledStudy:
    """One client's study (IncomingStudy).

    A call that is abandoned leaves its last step running in a thread: the lock makes `discard`
    wait for it, so that nothing is written after the folder is gone.
    """

    def __init__(
        self,
        folder: SpoolFolder,
        settings: IntakeSettings,
        inspector: InstanceInspector,
        register: Register,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._inspector = inspector
        self._register = register
        self._headers: dict[str, InstanceHeader] = {}
        self._file: BinaryIO | None = None
        self._instance_bytes = 0
        self._study_bytes = 0
        self._over = False
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        """Appends to the instance at hand. Raises UnsupportedImage, SpoolFull."""
        with self._lock:
            self._check_open()
            self._count(len(data))
            self._folder.check_room(len(data))
            if self._file is None:
                self._file = create_private(self._folder.path / _PART)
            self._file.write(data)

    def end_instance(self) -> None:
        """Makes the instance durable and inspects it. Raises InvalidRequest, UnsupportedImage."""
        with self._lock:
            self._check_open()
            if self._file is None:
                raise InvalidRequest("an instance came without any bytes; leave empty files out")
            os.fsync(self._file.fileno())
            self._close()
            self._keep(self._folder.path / _PART)

    def commit(self) -> Job:
        """The job of this study. Raises InvalidRequest, UnsupportedImage."""
        with self._lock:
            self._check_open()
            if self._file is not None:
                raise InvalidRequest(
                    "the stream ended inside an instance; mark the last chunk of each as `last`"
                )
            job = self._register(self._folder, list(self._headers.values()))
            self._over = True
            return job

    def discard(self) -> None:
        """Leaves nothing behind; does nothing after `commit`."""
        with self._lock:
            if self._over:
                return
            self._over = True
            self._close()
            self._folder.discard()

    def _keep(self, part: Path) -> None:
        header = self._inspector.inspect(part)
        if not header.sop_instance_uid:
            raise UnsupportedImage("an instance has no SOP Instance UID")
        if header.sop_instance_uid in self._headers:
            part.unlink()
            self._study_bytes -= self._instance_bytes
        else:
            # A digest: the UID itself could be traced to the patient.
            digest = hashlib.sha256(header.sop_instance_uid.encode()).hexdigest()
            part.rename(part.with_name(f"{digest}.dcm"))
            self._headers[header.sop_instance_uid] = header
        self._instance_bytes = 0

    def _count(self, more: int) -> None:
        limits = self._settings
        self._instance_bytes += more
        self._study_bytes += more
        if self._instance_bytes > limits.max_instance_bytes:
            raise UnsupportedImage(
                f"an instance has more than the {limits.max_instance_bytes} bytes allowed "
                "(jobs.intake.max_instance_bytes)"
            )
        if self._study_bytes > limits.max_study_bytes:
            raise UnsupportedImage(
                f"the study has more than the {limits.max_study_bytes} bytes allowed "
                "(jobs.intake.max_study_bytes)"
            )
        if self._file is None and len(self._headers) >= limits.max_instances:
            raise UnsupportedImage(
                f"the study has more than the {limits.max_instances} instances allowed "
                "(jobs.intake.max_instances)"
            )

    def _check_open(self) -> None:
        if self._over:
            raise InvalidRequest("the study has been ended; begin another")

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
