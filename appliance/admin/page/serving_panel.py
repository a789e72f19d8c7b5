"""What serves: the versions of the committed set, and the replicas that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.admin.page.load_panel import busy, waiting
from appliance.admin.views.replica_view import ReplicasView, ReplicaView
from serving.domain.model_set import STABLE, ModelSet, ServedVersion


@dataclass(frozen=True, slots=True)
class ServingRow:
    """One version of the set; what only a replica knows is empty where none has loaded it."""

    name: str
    version: int
    stable: bool
    labels: tuple[str, ...]
    """Without `stable`."""
    precisions: tuple[str, ...]
    digests: tuple[str, ...]
    nodes: tuple[int, ...]
    missing: tuple[int, ...]
    """Nodes that live and have not loaded it."""


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One replica and its share of the machine."""

    replica: ReplicaView
    streams: int
    threads: int
    """Of each stream."""
    busy: int | None
    """None where the replica has told of no queue within the last seconds."""
    waiting: int | None
    behind: bool
    """Whether it serves another generation than the committed one."""


@dataclass(frozen=True, slots=True)
class ServingPanel:
    """`generation` is that of the committed set."""

    generation: int
    rows: tuple[ServingRow, ...]
    nodes: tuple[NodeRow, ...]
    expected: int
    """Replicas that the CPU plan has."""


def serving_panel(current: ModelSet, found: ReplicasView) -> ServingPanel:
    """Models by name, the stable version first."""
    rows = [_row(version, current, found.replicas) for version in current.versions]
    return ServingPanel(
        generation=current.generation,
        rows=tuple(sorted(rows, key=lambda row: (row.name, not row.stable, -row.version))),
        nodes=tuple(_node(replica, found, current.generation) for replica in found.replicas),
        expected=len(found.plan),
    )


def _row(version: ServedVersion, current: ModelSet, replicas: Sequence[ReplicaView]) -> ServingRow:
    loaded = [
        (replica.node, model)
        for replica in replicas
        for model in replica.models
        if (model.name, model.version) == version.key
    ]
    nodes = {node for node, _ in loaded}
    labels = current.labels.get(version.name, {})
    precisions = {(model.precision, model.effective_precision) for _, model in loaded}
    return ServingRow(
        name=version.name,
        version=version.version,
        stable=current.stable(version.name) == version.version,
        labels=tuple(sorted(k for k, n in labels.items() if n == version.version and k != STABLE)),
        precisions=tuple(sorted(_precision(*each) for each in precisions)),
        digests=tuple(sorted({model.digest for _, model in loaded})),
        nodes=tuple(sorted(nodes)),
        missing=tuple(replica.node for replica in replicas if replica.node not in nodes),
    )


def _precision(variant: str, effective: str) -> str:
    """`fp32` is computed in `f32` unless told otherwise, which need not be said."""
    as_named = variant.replace("fp", "f") == effective
    return variant if as_named else f"{variant}, computed in {effective}"


def _node(replica: ReplicaView, found: ReplicasView, generation: int) -> NodeRow:
    plan = next((plan for plan in found.plan if plan.node == replica.node), None)
    return NodeRow(
        replica=replica,
        streams=plan.streams if plan else 0,
        threads=plan.threads_per_stream if plan else 0,
        busy=busy(replica.queue) if replica.queue else None,
        waiting=waiting(replica.queue) if replica.queue else None,
        behind=replica.generation != generation,
    )
