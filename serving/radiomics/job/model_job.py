"""Train and Predict as pipelines: the work is done by a child process under SCHED_IDLE."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from serving.domain.pipeline import PipelineInfo, StudyTask
from serving.domain.radiomics import RadiomicsKind
from serving.domain.slices import Progress, SliceModel
from serving.radiomics.job.child import Child


class ModelJob:
    """A Pipeline (domain); `models_dir` is where trained models are kept, a folder each."""

    def __init__(self, kind: RadiomicsKind, child: Child, models_dir: Path, version: str) -> None:
        self._child = child
        self._models_dir = models_dir
        self.info = PipelineInfo(kind.pipeline, version, ())

    def run(self, task: StudyTask, models: Mapping[str, SliceModel], progress: Progress) -> None:
        """Raises AiboxError; whatever `progress` raises passes through."""
        folders = (task.instances_dir, task.results_dir, self._models_dir)
        self._child.run([*map(str, folders), self.info.version], progress)
