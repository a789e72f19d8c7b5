"""What the box and the process that reads twins tell each other, a line of JSON each."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from serving.domain.pipeline import StudyTask
from serving.jobs.twin_runner import TwinOrder


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OrderLine(_Line):
    """A twin to be read."""

    pipeline: str
    job_id: str
    instances_dir: Path
    results_dir: Path
    parameters: dict[str, str]
    release: str
    models: dict[str, int]

    @classmethod
    def of(cls, order: TwinOrder) -> OrderLine:
        """The line of an order."""
        task = order.task
        return cls(
            pipeline=order.pipeline,
            job_id=task.job_id,
            instances_dir=task.instances_dir,
            results_dir=task.results_dir,
            parameters=dict(task.parameters),
            release=task.release,
            models=dict(order.models),
        )

    @property
    def task(self) -> StudyTask:
        return StudyTask(
            self.job_id, self.instances_dir, self.results_dir, self.parameters, self.release
        )


class AnswerLine(_Line):
    """Progress (`share`, `stage`), the end, or an error: of the domain where it has a message."""

    what: Literal["progress", "error", "done"]
    share: float = 0.0
    stage: str = ""
    kind: str = ""
    message: str = ""
