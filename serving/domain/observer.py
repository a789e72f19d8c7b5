"""Who is told what the engine does, without the engine knowing who that is."""

from __future__ import annotations

from typing import Protocol

from serving.domain.inference import InferenceResponse
from serving.domain.lane import Lane


class InferenceObserver(Protocol):
    """Told of every request once; calls must be cheap and must not raise."""

    def answered(self, lane: Lane, response: InferenceResponse) -> None: ...

    def refused(self, lane: Lane, model_name: str, error_kind: str) -> None:
        """`model_name` is empty unless it is the name of a served model."""
        ...

    def load_changed(self, queued: int, queued_bytes: int, busy_slots: int, slots: int) -> None: ...


class SilentObserver:
    """Nobody listens."""

    def answered(self, lane: Lane, response: InferenceResponse) -> None:
        """Nothing."""

    def refused(self, lane: Lane, model_name: str, error_kind: str) -> None:
        """Nothing."""

    def load_changed(self, queued: int, queued_bytes: int, busy_slots: int, slots: int) -> None:
        """Nothing."""
