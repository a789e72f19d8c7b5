"""What the audit is told of changes to what serves."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from appliance.registry.actor import Actor
from serving.domain.audit import NOT_KNOWN, AuditEvent, Auditor, Outcome
from serving.domain.errors import AiboxError, ModelNotFound

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """Who asked for which change of what, in the audit's words (`model.promote`, `unet 2`)."""

    actor: Actor
    action: str
    subject: str


class SwitchAudit:
    """Tells the auditor how orders ended."""

    def __init__(self, auditor: Auditor) -> None:
        self._auditor = auditor

    def done(self, order: Order, detail: str) -> None:
        """Raises AuditUnavailable: then what it would witness must not happen."""
        self._auditor.record(_event(order, Outcome.DONE, detail))

    def ended(self, order: Order, error: Exception) -> None:
        """A refusal or a failure; nothing changed, so an audit out of reach stops nobody.

        The name of what was not found is the caller's own and may be anybody's: it is left out.
        """
        if isinstance(error, ModelNotFound):
            order = replace(order, subject=NOT_KNOWN)
        outcome = Outcome.REFUSED if isinstance(error, AiboxError) else Outcome.FAILED
        self.came_to_nothing(order, sentence(error), outcome)

    def came_to_nothing(self, order: Order, detail: str, outcome: Outcome = Outcome.FAILED) -> None:
        """As `ended`, for what is only known by what it left."""
        try:
            self._auditor.record(_event(order, outcome, detail))
        except AiboxError as error:
            _log.error("a refused change is not in the audit: %s", error.message)


def sentence(error: Exception) -> str:
    """What may be told of an error: foreign ones may hold anything in their texts."""
    return error.message if isinstance(error, AiboxError) else f"{type(error).__name__} in the box"


def _event(order: Order, outcome: Outcome, detail: str) -> AuditEvent:
    return AuditEvent(
        actor=order.actor.name,
        role=order.actor.role,
        action=order.action,
        subject=order.subject,
        outcome=outcome,
        detail=detail,
    )
