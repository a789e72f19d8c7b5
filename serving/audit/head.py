"""`head.json`: how far the chain has come, kept beside it so that a cut end is noticed."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from serving.audit.entry import Number
from serving.domain.disk import replace_whole
from serving.domain.provenance import Sha256

HEAD_NAME = "head.json"
PRIVATE = 0o600
_LONGEST = 4096


class Head(BaseModel):
    """Number and digest of a line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seq: Number
    digest: Sha256


GENESIS = Head(seq=0, digest="0" * 64)
"""Where every chain begins."""


def read_head(folder: Path) -> Head | None:
    """GENESIS where there is no file yet; None where it cannot be understood. Raises OSError."""
    try:
        with (folder / HEAD_NAME).open("rb") as file:
            return Head.model_validate_json(file.read(_LONGEST))
    except FileNotFoundError:
        return GENESIS
    except ValidationError:
        return None


def write_head(folder: Path, head: Head) -> None:
    """On the disk, whole, once this returns. Hold the log's lock. Raises OSError."""
    replace_whole(folder / HEAD_NAME, head.model_dump_json().encode("ascii") + b"\n")
