"""Which CPUs do what: the one authority over the machine's cores."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodePlan:
    """One NUMA node's share: `streams * threads_per_stream <= len(inference_cpus)`."""

    index: int
    numa_node: int | None
    """The kernel's node for the memory policy; None where its CPUs lie in several."""
    cpus: tuple[int, ...]
    inference_cpus: tuple[int, ...]
    streams: int
    threads_per_stream: int

    @property
    def slots(self) -> int:
        return self.streams


@dataclass(frozen=True, slots=True)
class CpuPlan:
    """The plan of the whole machine; `batch_cpus` run under SCHED_IDLE."""

    nodes: tuple[NodePlan, ...]
    batch_cpus: tuple[int, ...]
    reason: str
    """One sentence: where the numbers come from (quota, cpuset, sysfs, settings)."""
