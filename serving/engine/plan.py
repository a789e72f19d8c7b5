"""Shares the machine's CPUs out to nodes, streams and threads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from serving.domain.cpu_plan import CpuPlan, NodePlan
from serving.domain.errors import InvalidRequest
from serving.engine.machine import Machine
from serving.engine.settings import EngineSettings, NodeSettings

CORES_PER_RESERVED_CORE = 8
"""A node keeps one core in eight back for gRPC, and none where it has fewer than eight."""

THREADS_PER_STREAM = 4
"""Few threads a stream keep the cores busy; below eight cores one stream takes them all.

On two cores one stream of two threads costs the same CPU time an inference as two streams of one
thread and answers in half the time, so a STAT request gains and nobody loses.
"""


@dataclass(frozen=True, slots=True)
class _Share:
    """A node on its way into the plan."""

    cpus: tuple[int, ...]
    numa_node: int | None
    settings: NodeSettings


def make_plan(machine: Machine, settings: EngineSettings) -> CpuPlan:
    """The plan: on each node `streams * threads_per_stream` is at most its physical cores.

    Settings count for more than the machine's shape, and the cgroups' quota for more than both.
    Raises InvalidRequest where the settings cannot be met on this machine.
    """
    shares = _shares(machine, settings)
    _check_disjoint(shares, settings.batch_cpus or (), machine)
    caps = _thread_caps(shares, machine)
    nodes = [
        _node_plan(index, share, cap, machine, settings)
        for index, (share, cap) in enumerate(zip(shares, caps, strict=False))
    ]
    return CpuPlan(
        nodes=tuple(nodes),
        batch_cpus=settings.batch_cpus or machine.allowed_cpus,
        reason=_reason(machine, settings, len(shares) - len(nodes)),
    )


def _shares(machine: Machine, settings: EngineSettings) -> list[_Share]:
    if settings.nodes is not None:
        return [_Share(n.cpus, machine.numa_node_of(n.cpus), n) for n in settings.nodes]
    batch = set(settings.batch_cpus or ())
    shares = []
    for node in machine.nodes:
        cpus = tuple(cpu for cpu in node.cpus if cpu not in batch)
        if cpus:
            shares.append(_Share(cpus, node.numa_node, NodeSettings(cpus=cpus)))
    if not shares:
        raise InvalidRequest("batch_cpus leaves no CPU to inference; name fewer of them")
    return shares


def _check_disjoint(shares: Sequence[_Share], batch: Sequence[int], machine: Machine) -> None:
    taken: set[int] = set()
    for what, cpus in [*(("nodes", s.cpus) for s in shares), ("batch_cpus", tuple(batch))]:
        if missing := sorted(set(cpus) - set(machine.allowed_cpus)):
            raise InvalidRequest(
                f"{what} names CPUs {missing} that this process may not use; "
                f"it may use {list(machine.allowed_cpus)}"
            )
        if twice := sorted(taken & set(cpus)):
            raise InvalidRequest(f"CPUs {twice} are given to more than one node or to batch too")
        taken |= set(cpus)
    if not shares:
        raise InvalidRequest("nodes is an empty list; name at least one node or leave it out")


def _thread_caps(shares: Sequence[_Share], machine: Machine) -> list[int]:
    """Most threads for each node under the quota; fewer nodes where it covers not even one each."""
    cores = [machine.core_count(share.cpus) for share in shares]
    if machine.quota_cpus is None or machine.quota_cpus >= sum(cores):
        return cores
    budget = max(1, math.floor(machine.quota_cpus))
    served = cores[:budget]
    caps = [max(1, budget * count // sum(served)) for count in served]
    while sum(caps) > budget:
        caps[caps.index(max(caps))] -= 1
    return caps


def _node_plan(
    index: int, share: _Share, cap: int, machine: Machine, settings: EngineSettings
) -> NodePlan:
    cores = min(cap, machine.core_count(share.cpus))
    inference_cpus = _without_reserved(share.cpus, machine, settings.reserved_cpus)
    usable = min(cap, machine.core_count(inference_cpus))
    wanted = replace(
        share,
        settings=share.settings.model_copy(
            update={
                "streams": share.settings.streams or settings.streams,
                "threads_per_stream": share.settings.threads_per_stream
                or settings.threads_per_stream,
            }
        ),
    )
    streams, threads = _streams_and_threads(index, wanted.settings, usable, cores)
    return NodePlan(
        index=index,
        numa_node=share.numa_node,
        cpus=share.cpus,
        inference_cpus=inference_cpus,
        streams=streams,
        threads_per_stream=threads,
    )


def _without_reserved(
    cpus: tuple[int, ...], machine: Machine, reserved: int | None
) -> tuple[int, ...]:
    """The CPUs for inference: whole cores are kept back from the end of the node."""
    cores = [tuple(sorted(set(core) & set(cpus))) for core in machine.cores]
    cores = sorted(core for core in cores if core)
    keep_back = len(cores) // CORES_PER_RESERVED_CORE if reserved is None else reserved
    if keep_back >= len(cores):
        raise InvalidRequest(
            f"reserved_cpus is {keep_back} and a node has {len(cores)} cores; "
            "leave at least one to inference"
        )
    return tuple(sorted(cpu for core in cores[: len(cores) - keep_back] for cpu in core))


def _streams_and_threads(
    index: int, wanted: NodeSettings, usable: int, cores: int
) -> tuple[int, int]:
    streams, threads = wanted.streams, wanted.threads_per_stream
    if streams is None:
        streams = max(1, usable // (threads or THREADS_PER_STREAM))
    if threads is None:
        threads = max(1, usable // streams)
    if streams * threads > usable:
        raise InvalidRequest(
            f"node {index} has {usable} of {cores} cores for inference and was given "
            f"{streams} streams of {threads} threads; lower one of them"
        )
    return streams, threads


def _reason(machine: Machine, settings: EngineSettings, left_out: int) -> str:
    by_hand = settings.nodes is not None
    parts = [
        f"{len(settings.nodes or ())} node(s) from the settings"
        if by_hand
        else f"{len(machine.nodes)} NUMA node(s) from sysfs"
    ]
    allowed = len(machine.allowed_cpus)
    if allowed < machine.online_cpus:
        parts.append(f"{allowed} of {machine.online_cpus} CPUs allowed by the cpuset")
    else:
        parts.append(f"{allowed} CPUs, {len(machine.cores)} cores")
    if machine.quota_cpus is not None:
        parts.append(f"cgroup quota {machine.quota_cpus:g} CPUs")
    if left_out:
        parts.append(f"{left_out} node(s) left out for want of quota")
    if any((settings.streams, settings.threads_per_stream, settings.reserved_cpus)):
        parts.append("streams, threads or reserve from the settings")
    return "; ".join(parts) + "."
