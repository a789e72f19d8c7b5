"""What the control side of gRPC needs of a replica: the model set that it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from serving.domain.model_set import ModelSet


@dataclass(frozen=True, slots=True)
class SetState:
    """Generations that a replica serves and has ready (0: none), and its node."""

    generation: int
    prepared: int
    node: int


class SetHolder(Protocol):
    """A replica, as the switcher sees it."""

    def state(self) -> SetState: ...

    async def prepare(self, model_set: ModelSet) -> None:
        """Makes a set ready beside what serves. Raises CorruptModel, InvalidRequest."""
        ...

    async def activate(self, generation: int) -> None:
        """Serves the committed set. Raises IllegalTransition where an older one is committed."""
        ...

    async def discard(self, generation: int) -> None:
        """Lets a prepared set go; another than that of `generation` is left."""
        ...
