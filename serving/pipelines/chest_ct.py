"""The `chest_ct` pipeline: how much of the lungs a model calls pneumonia, and where."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from serving.domain.errors import ModelNotFound, UnsupportedImage
from serving.domain.finding import ChestCtFindings, Code, ModelUse
from serving.domain.pipeline import PipelineInfo, StudyTask
from serving.domain.slices import Progress, SliceModel
from serving.domain.study import LoadedStudy
from serving.pipelines.analysis import ChestCtAnalysis
from serving.pipelines.components import label_lesions
from serving.pipelines.coverage import lung_coverage
from serving.pipelines.lesions import LesionMap, find_lesions
from serving.pipelines.lungs import segment_lungs
from serving.pipelines.measure import measure
from serving.pipelines.notices import pipeline_notices
from serving.pipelines.report_writer import ReportWriter
from serving.pipelines.settings import PipelineSettings
from serving.pipelines.severity import severity

MODEL = "nested_unet_covid"
_PNEUMONIA = Code(scheme="SCT", code="233604007", meaning="Pneumonia")
_SHARES = {"reading": 0.15, "lungs": 0.15, "lesions": 0.5, "measuring": 0.08, "writing": 0.12}
"""About the shares of a study's time."""


class Reader(Protocol):
    """Reads a spooled study; `serving.dicom.reader.StudyReader` does."""

    def read(self, instances_dir: Path, progress: Progress) -> LoadedStudy: ...


@dataclass(slots=True)
class _Stages:
    """Reports progress over all stages and times each."""

    progress: Progress
    timings_s: dict[str, float] = field(default_factory=dict)
    _before: float = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[Progress]:
        before, share = self._before, _SHARES[name]
        self.progress(before, name)
        start = time.monotonic()

        def within(done: float, _detail: str) -> None:
            self.progress(before + share * min(max(done, 0.0), 1.0), name)

        yield within
        self.timings_s[name] = time.monotonic() - start
        self._before = before + share


class ChestCtPipeline:
    """Lungs by classical means, lesions by the reference network, measured and scored."""

    def __init__(
        self, reader: Reader, writer: ReportWriter, settings: PipelineSettings | None = None
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._settings = settings or PipelineSettings()

    @property
    def info(self) -> PipelineInfo:
        return PipelineInfo(name="chest_ct", version="1.0.0", models=(MODEL,))

    def run(self, task: StudyTask, models: Mapping[str, SliceModel], progress: Progress) -> None:
        """Analyses one study and writes its results into `task.results_dir`.

        Raises UnsupportedImage where the study cannot be read or shows no lungs, ModelNotFound
        where `models` lacks the network; AiboxErrors of the model and whatever `progress`
        raises pass through.
        """
        if MODEL not in models:
            raise ModelNotFound(f"chest_ct needs the model {MODEL}, and it is not served")
        stages = _Stages(progress)
        with stages.stage("reading") as within:
            study = self._reader.read(task.instances_dir, within)
        analysis = self._analyse(task.job_id, study, models[MODEL], stages)
        with stages.stage("writing"):
            self._writer.write(analysis, task.results_dir)
        progress(1.0, "writing")

    def _analyse(
        self, job_id: str, study: LoadedStudy, model: SliceModel, stages: _Stages
    ) -> ChestCtAnalysis:
        volume = study.volume
        with stages.stage("lungs"):
            lungs = segment_lungs(volume, self._settings.lungs)
            if not lungs.any():
                raise UnsupportedImage(
                    "a CT of the chest was expected and no lung was found in these images; "
                    "send a series that shows the lungs"
                )
        with stages.stage("lesions") as within:
            found = find_lesions(volume, lungs, model, self._settings.lesions, within)
        with stages.stage("measuring"):
            lesions = label_lesions(
                found.mask, volume.geometry, self._settings.lesions.smallest_lesion_mm3
            )
            findings = _findings(study, found, lesions, model)
        use = model_use(model)
        return ChestCtAnalysis(
            job_id=job_id,
            pipeline=self.info.name,
            pipeline_version=self.info.version,
            study=study,
            lungs=found.lungs,
            lesions=lesions,
            findings=findings,
            models=(use,),
            notices=(*study.notices, *pipeline_notices(study, findings, use, self._settings)),
            timings_s=dict(stages.timings_s),
        )


def _findings(
    study: LoadedStudy,
    found: LesionMap,
    lesions: np.ndarray[tuple[int, ...], np.dtype[np.uint16]],
    model: SliceModel,
) -> ChestCtFindings:
    measured = measure(study.volume, found.lungs, lesions)
    coverage = lung_coverage(found.lungs, study.volume.geometry)
    return ChestCtFindings(
        finding=_finding_code(model),
        both_lungs=measured.both_lungs,
        lungs=measured.lungs,
        zones=measured.zones,
        lesion_count=measured.lesion_count,
        largest_lesion_ml=measured.lesions[0].volume_ml if measured.lesions else 0.0,
        lesions=measured.lesions,
        severity=severity(measured.zones, complete=coverage.complete),
        coverage=coverage,
    )


def _finding_code(model: SliceModel) -> Code:
    """What the model's manifest says its lesions are."""
    label = next((label for label in model.manifest.labels if label.value == 1), None)
    if label is None or not label.code:
        return _PNEUMONIA
    return Code(scheme=label.scheme, code=label.code, meaning=label.meaning)


def model_use(model: SliceModel) -> ModelUse:
    """The exact model behind a result, as compiled and as its manifest describes it."""
    status = model.status
    return ModelUse(
        name=status.name,
        version=status.version,
        digest=status.digest,
        precision=status.precision,
        effective_precision=status.effective_precision,
        disclaimer=model.manifest.disclaimer,
    )
