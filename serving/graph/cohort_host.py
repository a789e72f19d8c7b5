"""The cohort runner's parts put together: the job worker with its store, files and pipelines."""

from __future__ import annotations

import json
import os
import sys
from functools import partial

from serving.domain.errors import InvalidRequest
from serving.domain.lane import Lane
from serving.domain.pipeline import Pipeline
from serving.domain.radiomics import RADIOMICS_KINDS, RadiomicsKind
from serving.domain.slices import SliceModel
from serving.engine.machine import Machine, read_machine
from serving.engine.plan import make_plan
from serving.graph.batch_governor import BatchGovernor
from serving.graph.batch_register import register_folder
from serving.graph.ray_case_pool import PoolLimits, RayCasePool
from serving.graph.run_file import publish
from serving.jobs.attempt import Workshop
from serving.jobs.results import ResultStore
from serving.jobs.settings import JobSettings
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore
from serving.jobs.worker import JobWorker
from serving.radiomics.job.bounds import GIB, machine_memory_bytes
from serving.radiomics.job.child import Child
from serving.radiomics.job.extract_job import ExtractJob
from serving.radiomics.job.model_job import ModelJob
from serving.rpc.queue_board import QueueBoard
from serving.settings import ServingSettings

LEAST_SHARE_BYTES = GIB // 2
"""Of one case: a process takes half of that before it has read anything."""


def build_cohort_worker(settings: ServingSettings) -> JobWorker:
    """A worker over the box's job store; says in `run/cohorts.json` who it is."""
    shop = Workshop(
        store=JobStore(settings.jobs_db),
        spool=Spool(settings.spool_dir, settings.jobs.intake),
        results=ResultStore(settings.results_dir),
        pipelines={pipeline.info.name: pipeline for pipeline in build_cohort_pipelines(settings)},
        model_source=_no_model,
        settings=_job_settings(settings),
        kinds=RADIOMICS_KINDS,
    )
    publish(settings.run_dir / "cohorts.json", json.dumps({"pid": os.getpid()}))
    return JobWorker(shop)


def build_cohort_pipelines(settings: ServingSettings) -> tuple[Pipeline, ...]:
    """One for each kind of radiomics job."""
    limits = pool_limits(settings)
    program = ("serving.graph.idle_start", "serving.graph.modelling_child", str(limits.register))
    child = Child((sys.executable, "-m", *program), limits.cpus)
    version = settings.box_version
    return (
        ExtractJob(settings.radiomics, settings.dicom, partial(RayCasePool, limits), version),
        *(
            ModelJob(kind, child, settings.trained_models_dir, version)
            for kind in (RadiomicsKind.TRAIN, RadiomicsKind.PREDICT)
        ),
    )


def build_governor(settings: ServingSettings) -> BatchGovernor | None:
    """Holds batch work while interactive requests run; None where they share no CPU."""
    plan = make_plan(read_machine(), settings.engine)
    shared = {cpu for node in plan.nodes for cpu in node.cpus} & set(plan.batch_cpus)
    if not shared:
        return None
    board = QueueBoard(settings.run_dir / "queues.board", len(plan.nodes))
    return BatchGovernor(register_folder(settings.run_dir), lambda: board.interactive() > 0)


def pool_limits(settings: ServingSettings) -> PoolLimits:
    """What the CPU plan and the settings give to cases on this machine."""
    machine = read_machine()
    plan = make_plan(machine, settings.engine)
    given_gb = settings.radiomics.max_memory_gb
    memory_bytes = int(given_gb * GIB) if given_gb else machine_memory_bytes() // 2
    places = max(1, memory_bytes // LEAST_SHARE_BYTES)
    return PoolLimits(
        cpus=plan.batch_cpus,
        cores=min(places, batch_cores(machine, plan.batch_cpus)),
        memory_bytes=memory_bytes,
        timeout_s=settings.radiomics.case_timeout_s,
        register=register_folder(settings.run_dir),
    )


def batch_cores(machine: Machine, cpus: tuple[int, ...]) -> int:
    """Physical cores among these CPUs, no more than the cgroups' quota pays for."""
    cores, quota = machine.core_count(cpus), machine.quota_cpus
    return max(1, cores if quota is None else min(cores, int(quota)))


def _job_settings(settings: ServingSettings) -> JobSettings:
    places = {"concurrency": settings.radiomics.concurrent_jobs, "stat_concurrency": 1}
    return settings.jobs.model_copy(update=places)


def _no_model(name: str, lane: Lane, version: int | None) -> SliceModel:
    raise InvalidRequest("radiomics jobs call no served model")
