"""How many jobs are in which state."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.exc import SQLAlchemyError

from serving.domain.job import JobState


class JobCounts:
    """Counts jobs; an unreadable store is an answer too."""

    def __init__(self, count: Callable[[], Mapping[JobState, int]]) -> None:
        self._count = count

    def by_state(self) -> dict[str, int] | None:
        """Jobs by the name of their state; None where the store cannot be read."""
        try:
            return {state.value: number for state, number in self._count().items()}
        except (SQLAlchemyError, OSError):
            return None
