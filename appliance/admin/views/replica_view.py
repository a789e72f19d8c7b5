"""Replicas that live, beside the CPU plan that they follow."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.admin.views.part import Part
from serving.domain.cpu_plan import CpuPlan, NodePlan
from serving.domain.node_report import NodeReport, ServedModel
from serving.rpc.queue_board import NodeLoad


class NodePlanView(Part):
    """One node's share of the machine."""

    node: int
    numa_node: int | None
    cpus: tuple[int, ...]
    inference_cpus: tuple[int, ...]
    streams: int
    threads_per_stream: int


class QueueView(Part):
    """Requests that wait or run now, and how many can run at once."""

    length: int
    slots: int
    interactive: int
    """Those that are not of the batch lane."""


class ReplicaView(Part):
    """One replica."""

    node: int
    pid: int
    cpus: tuple[int, ...]
    memory_policy: str
    address: str
    generation: int
    """Of the model set that it serves."""
    models: tuple[ServedModel, ...]
    queue: QueueView | None
    """None where it has told of none within the last seconds."""


class ReplicasView(Part):
    """All replicas and the plan; `generation` is that of the committed set."""

    generation: int
    reason: str
    """Where the numbers of the plan come from."""
    batch_cpus: tuple[int, ...]
    plan: tuple[NodePlanView, ...]
    replicas: tuple[ReplicaView, ...]


def replicas_view(
    generation: int,
    plan: CpuPlan,
    nodes: Sequence[NodeReport],
    loads: Sequence[NodeLoad],
) -> ReplicasView:
    """By node."""
    queues = {load.node: load for load in loads}
    return ReplicasView(
        generation=generation,
        reason=plan.reason,
        batch_cpus=plan.batch_cpus,
        plan=tuple(_plan(node) for node in plan.nodes),
        replicas=tuple(_replica(node, queues.get(node.node)) for node in nodes),
    )


def _plan(node: NodePlan) -> NodePlanView:
    return NodePlanView(
        node=node.index,
        numa_node=node.numa_node,
        cpus=node.cpus,
        inference_cpus=node.inference_cpus,
        streams=node.streams,
        threads_per_stream=node.threads_per_stream,
    )


def _replica(node: NodeReport, load: NodeLoad | None) -> ReplicaView:
    queue = None
    if load is not None:
        queue = QueueView(length=load.length, slots=load.slots, interactive=load.interactive)
    return ReplicaView(
        node=node.node,
        pid=node.pid,
        cpus=node.cpus,
        memory_policy=node.memory_policy,
        address=node.address,
        generation=node.generation,
        models=node.models,
        queue=queue,
    )
