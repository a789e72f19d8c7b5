"""Replicas: the CPUs that they have, the set that they serve, how long their queues are."""

from __future__ import annotations

from contextlib import closing

from fastapi import APIRouter

from appliance.admin.parts import Parts
from appliance.admin.routes.needs import READ
from appliance.admin.views.replica_view import ReplicasView, replicas_view
from appliance.run_files import read_nodes
from serving.engine.machine import read_machine
from serving.engine.plan import make_plan
from serving.rpc.queue_board import NodeLoad, QueueBoard

router = APIRouter(prefix="/v1/replicas", tags=["replicas"])

BOARD = "queues.board"


@router.get("", dependencies=READ)
def list_replicas(parts: Parts) -> ReplicasView:
    """The replicas that live, beside the CPU plan of the machine."""
    plan = make_plan(read_machine(), parts.settings.engine)
    loads = _loads(parts, len(plan.nodes))
    nodes = read_nodes(parts.state)
    return replicas_view(parts.switcher.committed.generation, plan, nodes, loads)


def _loads(parts: Parts, nodes: int) -> list[NodeLoad]:
    path = parts.state.run / BOARD
    if not path.exists():
        return []  # no replica has ever started
    with closing(QueueBoard(path, nodes)) as board:
        return [load for node in range(nodes) if (load := board.read(node)) is not None]
