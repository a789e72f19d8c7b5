"""The analyzer's parts put together: the job worker with its store, files and pipelines."""

from __future__ import annotations

import json
import os

from serving.dicom.reader import StudyReader
from serving.domain.pipeline import Pipeline
from serving.graph.run_file import publish
from serving.graph.twin_process import TwinProcess
from serving.jobs.attempt import Workshop
from serving.jobs.intake import KIND as STUDY_KIND
from serving.jobs.model_set_file import ModelSetFile
from serving.jobs.pinned_models import ModelSource
from serving.jobs.results import ResultStore
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore
from serving.jobs.worker import JobWorker
from serving.pipelines.chest_ct import ChestCtPipeline
from serving.pipelines.report.writer import ChestCtReportWriter
from serving.settings import ServingSettings


def build_worker(settings: ServingSettings, model_source: ModelSource) -> JobWorker:
    """A worker over the box's job store; says in `run/analyzer.json` who it is."""
    shop = Workshop(
        store=JobStore(settings.jobs_db),
        spool=Spool(settings.spool_dir, settings.jobs.intake),
        results=ResultStore(settings.results_dir),
        pipelines={pipeline.info.name: pipeline for pipeline in build_pipelines(settings)},
        model_source=model_source,
        settings=settings.jobs,
        kinds=(STUDY_KIND,),
        model_sets=ModelSetFile(settings.model_set_file),
        twins=True,
        twin_runner=TwinProcess(settings),
    )
    publish(settings.run_dir / "analyzer.json", json.dumps({"pid": os.getpid()}))
    return JobWorker(shop)


def build_pipelines(settings: ServingSettings) -> tuple[Pipeline, ...]:
    """Every pipeline that this box has."""
    reader = StudyReader(settings.dicom)
    writer = ChestCtReportWriter(settings.box_version)
    return (ChestCtPipeline(reader, writer, settings.pipelines),)
