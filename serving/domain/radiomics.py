"""Radiomics jobs as the gRPC side, the job store and the runners know them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field

from serving.domain.job import Job
from serving.domain.lane import Lane


class RadiomicsKind(StrEnum):
    """The kinds of job; each is run by the pipeline of its name."""

    EXTRACT = "extract"
    TRAIN = "train"
    PREDICT = "predict"

    @property
    def pipeline(self) -> str:
        return f"radiomics_{self.value}"


RADIOMICS_KINDS = tuple(kind.value for kind in RadiomicsKind)
INPUT_FOLDER = "input"
"""Of a job's folder in the spool: the files that the client sent."""
REQUEST_FILE = "request.json"
"""Of a job's folder in the spool: its `RadiomicsHeader`."""


class RadiomicsHeader(BaseModel):
    """What a client says before it sends files; kept beside them for as long as the job lasts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: RadiomicsKind
    lane: Lane = Lane.BATCH
    idempotency_key: Annotated[str, Field(max_length=256)] = ""
    """Empty: made of the files, the settings and the version of the box."""
    settings_json: Annotated[str, Field(max_length=1 << 20)] = ""
    preset: Annotated[str, Field(max_length=64)] = ""
    in_place: bool = False
    """The manifest's paths lie on the box, below the folders that its settings allow."""
    table_job_id: Annotated[str, Field(max_length=64)] = ""
    """The Extract job whose table is the input, in place of a file."""
    model_name: Annotated[str, Field(max_length=64)] = ""
    model_version: Annotated[int, Field(ge=0)] = 0
    """0: the newest."""


class IncomingFiles(Protocol):
    """A job's files on their way in. Not thread-safe; ends with `commit` or `discard`."""

    def write(self, name: str, data: bytes, last: bool) -> None:
        """Appends to the file at hand; `name` is read where a file begins, `last` ends it.

        Raises InvalidRequest, SpoolFull.
        """
        ...

    def commit(self) -> Job:
        """The job of these files, queued or already known; from here on it survives any crash.

        Raises InvalidRequest where it could never be done.
        """
        ...

    def discard(self) -> None:
        """Leaves nothing behind; does nothing after `commit`."""
        ...


class RadiomicsIntake(Protocol):
    """The way in for radiomics jobs; synchronous, touches the disk."""

    def known(self, header: RadiomicsHeader) -> Job | None:
        """The job that carries the header's explicit key."""
        ...

    def begin(self, header: RadiomicsHeader) -> IncomingFiles:
        """Raises InvalidRequest, SpoolFull."""
        ...


class RequestCheck(Protocol):
    """Looks at a whole request before a job exists."""

    def check(self, header: RadiomicsHeader, folder: Path) -> str:
        """What the job depends on beside header and files, as a text for its idempotency key.

        `folder` holds `INPUT_FOLDER`. Raises InvalidRequest.
        """
        ...
