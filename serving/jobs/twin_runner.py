"""Somewhere else to run the pipeline of a twin, so that it costs those who wait nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic import TypeAdapter

from serving.domain.pipeline import StudyTask
from serving.domain.slices import Progress


@dataclass(frozen=True, slots=True)
class TwinOrder:
    """What one attempt at a twin runs."""

    pipeline: str
    task: StudyTask
    models: Mapping[str, int]
    """The versions that its release pins, by name."""


ORDERS = TypeAdapter(TwinOrder)
"""Orders as JSON, for a runner that is another process."""


class TwinRunner(Protocol):
    """Runs the pipelines of twins, each once; called from a thread."""

    def run(self, order: TwinOrder, progress: Progress) -> float:
        """Returns once the results are written: for how many seconds the work was held.

        Raises AiboxError; whatever `progress` raises ends the work and passes through.
        """
        ...
