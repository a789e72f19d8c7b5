"""Whether this replica takes requests: one fact, told by the server, asked by servicers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Readiness:
    """`serving` is set by `BoxServer.set_serving` alone."""

    serving: bool = False
