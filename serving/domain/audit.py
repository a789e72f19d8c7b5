"""What is told to the audit: who did what to which thing, and how it ended."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

BOX = "box"
"""Actor and role of what the box does by itself."""
NOT_KNOWN = "unknown"
"""Stands for a subject that a caller named and the box does not know."""
NAME_LENGTH = 128
DETAIL_LENGTH = 300

_UID = re.compile(r"[0-9]+(?:\.[0-9]+){4,}|2\.25\.[0-9]{6,}")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9 _.:@/+=?-]")
_NOT_PRINTABLE = re.compile(r"[^ -~]")
_SCANNED = 4
"""Multiples of the length kept that are looked at; the patterns take quadratic time."""


class Outcome(StrEnum):
    """How an action ended."""

    DONE = "done"
    REFUSED = "refused"
    """The caller may not do this, or the thing is in no state for it; nothing changed."""
    FAILED = "failed"


def _name(value: object) -> object:
    return _cleaned(value, _NOT_IN_NAMES, NAME_LENGTH) if isinstance(value, str) else value


def _sentence(value: object) -> object:
    return _cleaned(value, _NOT_PRINTABLE, DETAIL_LENGTH) if isinstance(value, str) else value


def _cleaned(text: str, unwanted: re.Pattern[str], longest: int) -> str:
    """Cleaning twice changes nothing, or a stored line would not read back as it was."""
    without_uids = _UID.sub("uid-withheld", text[: longest * _SCANNED])
    plain = unwanted.sub("?", without_uids)
    return plain if len(plain) <= longest else plain[: longest - 3] + "..."


AuditedName = Annotated[
    str, BeforeValidator(_name), StringConstraints(min_length=1, max_length=NAME_LENGTH)
]
AuditedSentence = Annotated[
    str, BeforeValidator(_sentence), StringConstraints(max_length=DETAIL_LENGTH)
]


class AuditEvent(BaseModel):
    """One action, for the audit; no patient data, whoever chose the texts.

    Actor, subject and detail may come from a stranger and never make an event fail: other
    characters become `?`, long texts are cut, and DICOM UIDs are withheld. Role and action come
    from the box's own code and are refused where they are not plain words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    actor: AuditedName
    """Name of the token or certificate; `box` for the box itself, `-` for nobody known."""
    role: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,15}$|^-$")]
    action: Annotated[
        str, StringConstraints(pattern=r"^[a-z][a-z_]*(\.[a-z][a-z_]*)+$", max_length=64)
    ]
    """What was asked for: `model.promote`, `result.fetch`."""
    subject: AuditedName
    """Name of a model, release, job or token, or the keyed hash of a study UID; `-` for none.

    A name that a caller made up may be a patient's: pass on only what the box knows.
    """
    outcome: Outcome
    detail: AuditedSentence = ""


class Auditor(Protocol):
    """Keeps what was done."""

    def record(self, event: AuditEvent) -> None:
        """Returns once the event is safe. Blocks; raises AuditUnavailable."""
        ...
