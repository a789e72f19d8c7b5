"""The replicas of the box, as a switch sees them."""

from __future__ import annotations

from typing import Protocol

from serving.domain.model_set import ModelSet


class ReplicaGroup(Protocol):
    """All replicas that are alive, as one. Calls block; each may be repeated without harm."""

    def prepare(self, model_set: ModelSet) -> None:
        """Every replica holds the set beside what it serves, warm and tested.

        Raises the first refusal as an AiboxError; others may then be prepared already.
        """
        ...

    def activate(self, generation: int) -> None:
        """Every replica serves the committed set, prepared or not; the file says what it is.

        Raises AiboxError where one could not.
        """
        ...

    def discard(self, generation: int) -> None:
        """No replica holds on to a prepared set that will not serve."""
        ...

    def generations(self) -> tuple[int, ...]:
        """What each replica serves now."""
        ...
