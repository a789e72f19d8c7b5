"""What a clinical pipeline is to the rest of the box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from serving.domain.slices import Progress, SliceModel


@dataclass(frozen=True, slots=True)
class PipelineInfo:
    """Name and version of a pipeline and the models it uses."""

    name: str
    version: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StudyTask:
    """One study to analyse: spooled instances in, an empty folder for results."""

    job_id: str
    instances_dir: Path
    results_dir: Path
    parameters: Mapping[str, str]
    release: str = ""
    """Reference of the release that runs, for the results to name; empty where there is none."""


class Pipeline(Protocol):
    """Analyses one study. Plain synchronous code; runs again from the start after a crash."""

    @property
    def info(self) -> PipelineInfo: ...

    def run(self, task: StudyTask, models: Mapping[str, SliceModel], progress: Progress) -> None:
        """Writes every result file into `task.results_dir`.

        Raises UnsupportedImage and other AiboxError; whatever `progress` raises passes through.
        """
        ...
