"""What is known of the call at work: its request id, its caller, whether a sibling sent it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from serving.domain.access import NOBODY, Caller

REQUEST_ID_KEY = "x-request-id"
HOP_KEY = "x-aibox-hop"

_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")


@dataclass(frozen=True, slots=True)
class CallFacts:
    """`request_id` is the caller's own (`x-request-id`) where well-formed, else a made one."""

    request_id: str
    hopped: bool = False
    """A sibling forwarded this request: it is answered here, whatever the queue."""
    caller: Caller = NOBODY
    """Set by the access guard once it has let the call in; an open method has nobody."""

    def of(self, caller: Caller) -> CallFacts:
        """The same call, its caller known."""
        return CallFacts(self.request_id, self.hopped, caller)


def read_facts(metadata: Iterable[tuple[str, Any]] | None) -> CallFacts:
    """The facts of a call from its invocation metadata."""
    request_id = ""
    hopped = False
    for key, value in metadata or ():
        if key == REQUEST_ID_KEY and isinstance(value, str) and well_formed(value):
            request_id = value
        elif key == HOP_KEY:
            hopped = True
    return CallFacts(request_id or make_request_id(), hopped)


def well_formed(request_id: str) -> bool:
    """Whether a caller's request id is taken into answers and logs: short, no free text."""
    return _WELL_FORMED.fullmatch(request_id) is not None


def make_request_id() -> str:
    """A new id for a request that brings none."""
    return secrets.token_hex(8)


_OUTSIDE = CallFacts("")

CURRENT_CALL: ContextVar[CallFacts] = ContextVar("current_call", default=_OUTSIDE)
"""Set by the guards for the task of the call and all tasks that it makes."""
