"""What is known of the call at work: its request id and whether a sibling sent it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

REQUEST_ID_KEY = "x-request-id"
HOP_KEY = "x-aibox-hop"

_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")


@dataclass(frozen=True, slots=True)
class CallFacts:
    """`request_id` is the caller's own (`x-request-id`) where well-formed, else a made one."""

    request_id: str
    hopped: bool = False
    """A sibling forwarded this request: it is answered here, whatever the queue."""


def read_facts(metadata: Iterable[tuple[str, Any]] | None) -> CallFacts:
    """The facts of a call from its invocation metadata."""
    request_id = ""
    hopped = False
    for key, value in metadata or ():
        if key == REQUEST_ID_KEY and isinstance(value, str) and _WELL_FORMED.fullmatch(value):
            request_id = value
        elif key == HOP_KEY:
            hopped = True
    return CallFacts(request_id or secrets.token_hex(8), hopped)


_OUTSIDE = CallFacts("")

CURRENT_CALL: ContextVar[CallFacts] = ContextVar("current_call", default=_OUTSIDE)
"""Set by the call guard for the task of the call and all tasks that it makes."""
