"""What is known of a change before it is done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ticket:
    """Who asks for what. `key` is the caller's own name for the request, empty where it has none;
    `fingerprint` tells two requests of one key apart."""

    action: str
    subject: str
    actor: str
    role: str
    key: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """What a change led to, as in an Operation."""

    generation: int | None = None
    result: str = ""
