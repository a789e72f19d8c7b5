"""Changes of what this box trusts and takes in, made in its shell, as the audit keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from appliance.box_config import BoxConfig
from serving.audit.log import AuditLog
from serving.domain.access import LOCAL, Role
from serving.domain.audit import AuditEvent, Outcome
from serving.domain.errors import AiboxError


@dataclass(slots=True)
class Witnessed:
    """What is written once the change ended; the change itself may fill it in."""

    subject: str = "-"
    detail: str = ""


@contextmanager
def audited(box: BoxConfig, action: str, hidden: str = "") -> Iterator[Witnessed]:
    """One line for a change, however it ended.

    `hidden` is the name of a file, which a person chose: the reason of a refusal goes without it.
    Raises AuditUnavailable, before the change where the log cannot be opened.
    """
    log = AuditLog(box.state.root / "audit", box.settings.audit)
    about = Witnessed()
    outcome = Outcome.FAILED
    try:
        yield about
        outcome = Outcome.DONE
    except AiboxError as error:
        outcome = Outcome.REFUSED
        about.detail = error.message.replace(hidden, "the file") if hidden else error.message
        raise
    finally:
        event = AuditEvent(
            actor=LOCAL.name,
            role=Role.OPERATOR.value,
            action=action,
            subject=about.subject,
            outcome=outcome,
            detail=about.detail,
        )
        log.record(event)
