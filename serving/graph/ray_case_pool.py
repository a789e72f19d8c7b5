"""Cases as Ray tasks: on the box's batch cores, and on those of machines that have joined."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import OutOfMemoryError, RayError, RayTaskError

from serving.graph.batch_lane import runtime_env
from serving.graph.case_task import CaseTask, run_case_task
from serving.graph.resources import BATCH_RESOURCE, BOX_RESOURCE, SLIVER
from serving.radiomics.job.case_pool import CaseEnd, CaseOrder, Loss

_COUNT_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """What the box gives to cases: its batch CPUs, cores among them, memory, time."""

    cpus: tuple[int, ...]
    cores: int
    memory_bytes: int
    timeout_s: float
    register: Path
    """Folder of the box's batch processes."""

    @property
    def share_bytes(self) -> int:
        """Of one case while every core has one."""
        return self.memory_bytes // self.cores


@dataclass(frozen=True, slots=True)
class _Started:
    order: CaseOrder
    at_s: float


class RayCasePool:
    """A CasePool; Ray decides which machine takes a case."""

    def __init__(self, limits: PoolLimits) -> None:
        self._limits = limits
        self._box_node = ray.get_runtime_context().get_node_id()
        self._started: dict[Any, _Started] = {}
        self._slots = 0
        self._counted_at_s = float("-inf")

    def room(self) -> int:
        """Batch cores of all machines, less the orders at work."""
        now_s = time.monotonic()
        if now_s - self._counted_at_s >= _COUNT_EVERY_S:
            found = ray.cluster_resources().get(BATCH_RESOURCE, self._limits.cores)
            self._slots, self._counted_at_s = max(1, int(found)), now_s
        return self._slots - len(self._started)

    def start(self, order: CaseOrder) -> None:
        """Sends the order to Ray; one that is to be alone takes every batch core of the box."""
        limits = self._limits
        resources: dict[str, float] = {BATCH_RESOURCE: 1}
        if order.whole:
            resources = {BATCH_RESOURCE: limits.cores, BOX_RESOURCE: SLIVER}
        task = CaseTask(
            order,
            limits.memory_bytes if order.whole else limits.share_bytes,
            limits.timeout_s,
            self._box_node,
            limits.cpus,
            limits.register,
        )
        remote = run_case_task.options(resources=resources, runtime_env=runtime_env())
        self._started[remote.remote(task)] = _Started(order, time.monotonic())

    def wait(self, timeout_s: float) -> list[CaseEnd]:
        """Orders that have ended, as soon as there is one."""
        if not self._started:
            return []
        refs = list(self._started)
        ready, _ = ray.wait(refs, num_returns=1, timeout=timeout_s)
        if ready:
            ready, _ = ray.wait(refs, num_returns=len(refs), timeout=0)
        return [self._end(ref) for ref in ready]

    def stop(self) -> None:
        """Ends the processes that are at work."""
        for ref in self._started:
            ray.cancel(ref, force=True)
        self._started.clear()

    def _end(self, ref: Any) -> CaseEnd:
        started = self._started.pop(ref)
        try:
            return CaseEnd(started.order, ray.get(ref))
        except OutOfMemoryError:
            return CaseEnd(started.order, None, Loss.MEMORY)
        except RayTaskError as error:
            if isinstance(error.cause, MemoryError):
                return CaseEnd(started.order, None, Loss.MEMORY)
            return CaseEnd(started.order, None, Loss.DIED)
        except RayError:
            late = time.monotonic() - started.at_s >= self._limits.timeout_s
            return CaseEnd(started.order, None, Loss.TIMEOUT if late else Loss.DIED)
