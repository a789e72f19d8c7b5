"""One case of a cohort as a Ray task, on the box or on a machine that has joined it."""

from __future__ import annotations

import gc
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import ray

from serving.domain.errors import InvalidRequest
from serving.engine.heap import trim
from serving.graph.batch_lane import keep_to
from serving.graph.box_files import here
from serving.radiomics.cohort.case_result import CaseResult
from serving.radiomics.cohort.case_run import inside, run_case
from serving.radiomics.job.bounds import bounded
from serving.radiomics.job.case_pool import CaseOrder

CASES_A_PROCESS = 1024
"""Then a fresh one takes over, so that fragmented memory does not pile up over a large cohort.

Rarely: until Ray has started a process so far that it can be made idle, a second of CPU time is
taken from those who wait for an answer. With 64 that made their p95 1.6 times as long.
"""


@dataclass(frozen=True, slots=True)
class CaseTask:
    """An order with what bounds it.

    `box_node` is the box's Ray node, `cpus` its batch CPUs, `register` the folder of its batch
    processes.
    """

    order: CaseOrder
    memory_bytes: int
    timeout_s: float
    box_node: str
    cpus: tuple[int, ...]
    register: Path


@ray.remote(num_cpus=0, max_retries=0, max_calls=CASES_A_PROCESS)  # type: ignore[untyped-decorator]
def run_case_task(task: CaseTask) -> CaseResult:
    """The case's result. Raises MemoryError where its memory does not suffice."""
    on_box = ray.get_runtime_context().get_node_id() == task.box_node
    if on_box:
        keep_to(task.cpus, task.register)
    else:
        keep_to(None)
    try:
        with bounded(task.memory_bytes, task.timeout_s):
            return _run(task.order) if on_box else _run_elsewhere(task.order)
    finally:
        gc.collect()
        trim()


def _run(order: CaseOrder) -> CaseResult:
    return run_case(order.case, order.root, order.settings, order.limits)


def _run_elsewhere(order: CaseOrder) -> CaseResult:
    """Computes the case where the box's files may have to be copied first."""
    case = order.case
    with tempfile.TemporaryDirectory(prefix="aibox-case-") as folder:
        try:
            image = _here(order.root, case.image, Path(folder) / "image")
            mask = _here(order.root, case.mask, Path(folder) / "mask") if case.mask else None
        except InvalidRequest as error:
            return CaseResult.failed(case, error.message)
        return _run(replace(order, case=replace(case, image=image, mask=mask), root=Path("/")))


def _here(root: Path, text: str, folder: Path) -> str:
    """Raises InvalidRequest where the path leads out of `root`, before anything is copied."""
    return str(here(inside(root, text, folder.name), folder).resolve())
