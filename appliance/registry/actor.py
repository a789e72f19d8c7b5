"""Who asks for a change of what serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from serving.domain.audit import BOX


class Actor(Protocol):
    """A caller whose right to ask was checked at the edge."""

    @property
    def name(self) -> str: ...

    @property
    def role(self) -> str: ...


@dataclass(frozen=True, slots=True)
class NamedActor:
    """An actor as the history keeps it."""

    name: str
    role: str


THE_BOX = NamedActor(BOX, BOX)
"""What the box does by itself: at boot, or by a rule of the settings."""
