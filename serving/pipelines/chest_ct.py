"""The `chest_ct` pipeline: how much of the lungs its networks call pneumonia, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from serving.domain.errors import UnsupportedImage
from serving.domain.finding import ChestCtFindings, ModelUse
from serving.domain.pipeline import PipelineInfo, StudyTask
from serving.domain.slices import Progress, SliceModel
from serving.domain.study import LoadedStudy
from serving.domain.study_timings import TIMINGS_NAME, StudyTimings
from serving.domain.volume import Volume
from serving.pipelines.agreement import agreement
from serving.pipelines.analysis import ChestCtAnalysis
from serving.pipelines.components import label_lesions
from serving.pipelines.coverage import lung_coverage
from serving.pipelines.lesions import LesionMap, find_lesions
from serving.pipelines.lungs import segment_lungs
from serving.pipelines.measure import Measurement, measure
from serving.pipelines.network_choice import chosen_networks, finding_code, model_use
from serving.pipelines.notices import pipeline_notices
from serving.pipelines.report_writer import ReportWriter
from serving.pipelines.settings import CHEST_CT, PipelineSettings
from serving.pipelines.severity import severity
from serving.pipelines.stages import Stages


class Reader(Protocol):
    """Reads a spooled study; `serving.dicom.reader.StudyReader` does."""

    def read(self, instances_dir: Path, progress: Progress) -> LoadedStudy: ...


class ChestCtPipeline:
    """Lungs by classical means, lesions by the reference networks, measured and scored."""

    def __init__(
        self, reader: Reader, writer: ReportWriter, settings: PipelineSettings | None = None
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._settings = settings or PipelineSettings()

    @property
    def info(self) -> PipelineInfo:
        return PipelineInfo(name=CHEST_CT, version="1.1.0", models=self._settings.chest_ct_models)

    def run(self, task: StudyTask, models: Mapping[str, SliceModel], progress: Progress) -> None:
        """Analyses one study and writes its results and `timings.json` into `task.results_dir`.

        Raises UnsupportedImage where the study cannot be read or shows no lungs, ModelNotFound
        where `models` lacks a network, IllegalTransition where one is untrained, InvalidRequest
        where two look for different things; AiboxErrors of the models and whatever `progress`
        raises pass through.
        """
        networks = chosen_networks(models, self._settings)
        stages = Stages(progress)
        with stages.stage("reading") as within:
            study = self._reader.read(task.instances_dir, within)
        analysis = self._analyse(task, study, networks, stages)
        with stages.stage("writing"):
            self._writer.write(analysis, task.results_dir)
        timings = self._timings(analysis, stages).model_dump_json(indent=2) + "\n"
        (task.results_dir / TIMINGS_NAME).write_text(timings, encoding="utf-8")
        progress(1.0, "writing")

    def _analyse(
        self, task: StudyTask, study: LoadedStudy, networks: Sequence[SliceModel], stages: Stages
    ) -> ChestCtAnalysis:
        volume, settings = study.volume, self._settings
        with stages.stage("lungs"):
            lungs = self._lungs(volume)
        with stages.stage("lesions") as within:
            found = find_lesions(volume, lungs, networks, settings.lesions, within)
        uses = tuple(model_use(network) for network in networks)
        with stages.stage("measuring"):
            lesions = label_lesions(
                found.mask, volume.geometry, settings.lesions.smallest_lesion_mm3
            )
            measured = measure(volume, found.lungs, lesions)
            findings = self._findings(volume, found, measured, networks, uses)
        return ChestCtAnalysis(
            job_id=task.job_id,
            pipeline=self.info.name,
            pipeline_version=self.info.version,
            study=study,
            lungs=found.lungs,
            lesions=lesions,
            findings=findings,
            models=uses,
            notices=(*study.notices, *pipeline_notices(study, findings, uses, settings)),
            timings_s={**stages.timings_s, "inference": found.inference_s},
            release=task.release,
        )

    def _lungs(self, volume: Volume) -> NDArray[np.uint8]:
        lungs = segment_lungs(volume, self._settings.lungs)
        if not lungs.any():
            raise UnsupportedImage(
                "a CT of the chest was expected and no lung was found in these images; "
                "send a series that shows the lungs"
            )
        return lungs

    def _findings(
        self,
        volume: Volume,
        found: LesionMap,
        measured: Measurement,
        networks: Sequence[SliceModel],
        uses: Sequence[ModelUse],
    ) -> ChestCtFindings:
        coverage = lung_coverage(found.lungs, volume.geometry)
        return ChestCtFindings(
            finding=finding_code(networks[0]),
            both_lungs=measured.both_lungs,
            lungs=measured.lungs,
            zones=measured.zones,
            lesion_count=measured.lesion_count,
            largest_lesion_ml=measured.lesions[0].volume_ml if measured.lesions else 0.0,
            lesions=measured.lesions,
            severity=severity(measured.zones, complete=coverage.complete),
            coverage=coverage,
            agreement=agreement(
                found.votes,
                volume.geometry.voxel_volumes_ml,
                uses,
                measured.both_lungs.lung_volume_ml,
                self._settings.lesions.smallest_lesion_mm3,
            ),
        )

    def _timings(self, analysis: ChestCtAnalysis, stages: Stages) -> StudyTimings:
        return StudyTimings(
            pipeline=analysis.pipeline,
            pipeline_version=analysis.pipeline_version,
            stages_s=dict(stages.timings_s),
            inference_s=analysis.timings_s["inference"],
            total_s=sum(stages.timings_s.values()),
            lung_slices=int(np.count_nonzero(analysis.lungs.any(axis=(1, 2)))),
        )
