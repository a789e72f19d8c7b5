"""One line of the audit log, and the digest that ties it to the line before."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from serving.domain.audit import AuditEvent
from serving.domain.provenance import Sha256

LONGEST_LINE = 2048
"""Bytes, newline included; the fields are bounded so that no line is longer."""
Number = Annotated[int, Field(ge=0, lt=2**63)]


class AuditEntry(AuditEvent):
    """An event with its place in the chain.

    The digest is SHA-256 over the line's JSON without `digest`: sorted keys, no blanks, ASCII.
    """

    seq: Annotated[Number, Field(ge=1)]
    at: Annotated[str, StringConstraints(pattern=r"^[0-9T:.-]{26}Z$")]
    """UTC, ISO 8601 with microseconds."""
    previous: Sha256
    """Digest of the line before; zeros in the first one."""
    digest: Sha256

    @classmethod
    def sealed(cls, event: AuditEvent, seq: int, at_s: float, previous: str) -> AuditEntry:
        """The entry of an event that happened at `at_s` (seconds since 1970)."""
        at = datetime.fromtimestamp(at_s, UTC).replace(tzinfo=None)
        content = event.model_dump(mode="json") | {
            "seq": seq,
            "at": at.isoformat(timespec="microseconds") + "Z",
            "previous": previous,
        }
        return cls.model_validate(content | {"digest": _digest(content)})

    @property
    def line(self) -> bytes:
        """As it stands in the file."""
        return _canonical(self.model_dump(mode="json")) + b"\n"

    @property
    def whole(self) -> bool:
        """Whether the digest is that of the content."""
        content = self.model_dump(mode="json")
        del content["digest"]
        return _digest(content) == self.digest


def read_entry(line: bytes) -> AuditEntry | None:
    """The entry of a line with its newline; None where the box did not write the line like this."""
    if len(line) > LONGEST_LINE:
        return None
    try:
        entry = AuditEntry.model_validate_json(line)
    except ValidationError:
        return None
    # Whatever else a JSON parser lets pass (blanks, keys given twice) is a change to the line.
    return entry if entry.line == line else None


def _canonical(content: dict[str, object]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")


def _digest(content: dict[str, object]) -> str:
    return hashlib.sha256(_canonical(content)).hexdigest()
