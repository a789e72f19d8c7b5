"""One node's share of the box, without Ray: its CPUs, its engine, its gRPC server."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from serving.domain.cpu_plan import NodePlan
from serving.domain.inference import ModelStatus
from serving.domain.manifest import ModelManifest
from serving.domain.node_report import NodeReport, ServedModel
from serving.engine.binding import NodeClaim, bind_all_threads, bind_memory, claim_node
from serving.engine.engine import InferenceEngine
from serving.engine.heap import keep_freed_memory
from serving.engine.machine import read_machine
from serving.engine.plan import make_plan
from serving.engine.stack import predict_stack
from serving.graph.metrics import PrometheusObserver
from serving.graph.node_server import NodeServer
from serving.graph.run_file import publish
from serving.graph.served_set import ServedSet
from serving.graph.stack_task import StackTask
from serving.settings import ServingSettings

log = logging.getLogger(__name__)
_TELL_EVERY_S = 0.25
"""Every word of progress is an object that goes through Ray, on the CPUs that infer."""


@dataclass(frozen=True, slots=True)
class NodeHost:
    """What a replica of `ModelServer` is made of. Belongs to one event loop."""

    node: NodePlan
    claim: NodeClaim
    engine: InferenceEngine
    served: ServedSet
    server: NodeServer

    @classmethod
    async def start(cls, settings: ServingSettings) -> NodeHost:
        """Waits for a free node, binds to it, loads every model, opens the port.

        The order matters: OpenVINO obeys the CPU set that its threads are born into, and the
        memory policy is set before its first allocation; binding is repeated at the end for
        threads that others (gRPC, Ray) have started since.
        """
        keep_freed_memory()
        plan = make_plan(read_machine(), settings.engine)
        claim = await claim_node(settings.run_dir, len(plan.nodes))
        node = plan.nodes[claim.index]
        bind_all_threads(node.cpus)
        memory_policy = bind_memory(node.numa_node)
        observer = PrometheusObserver()
        engine = InferenceEngine(settings.engine, node, settings.cache_dir, observer)
        server: NodeServer
        served = ServedSet(
            engine,
            settings.model_set_file,
            node.index,
            lambda: _write_report(settings, node, memory_policy, server.address, engine, served),
        )
        await served.start()
        for version in engine.refused:
            log.error("model version refused: %s", version.reason)
        server = NodeServer(settings, plan, node, engine, served)
        await server.start()
        observer.on_load = server.publish_load
        bind_all_threads(node.cpus)
        _write_report(settings, node, memory_policy, server.address, engine, served)
        return cls(node, claim, engine, served, server)

    async def describe(
        self, model_name: str, version: int | None = None
    ) -> tuple[ModelStatus, ModelManifest]:
        """The model as compiled here, and its manifest; a retired version too.

        Raises ModelNotFound, and CorruptModel where a retired version cannot be loaded again.
        """
        return await self.engine.describe(model_name, version)

    async def predict_stack(self, task: StackTask) -> AsyncIterator[int]:
        """Fills `task.target`; yields now and then how many slices are done. Raises AiboxError."""
        source = np.load(task.source, mmap_mode="r")
        target = np.lib.format.open_memmap(
            task.target, mode="w+", dtype=np.float32, shape=source.shape
        )
        stack = predict_stack(
            self.engine,
            task.model_name,
            source,
            target,
            task.lane,
            task.precision,
            task.version,
        )
        told_s = 0.0
        async with aclosing(stack):
            async for done in stack:  # whoever maps the file sees what is written: no flush
                if time.monotonic() - told_s >= _TELL_EVERY_S or done == len(source):
                    told_s = time.monotonic()
                    yield done

    async def check_health(self) -> None:
        """Raises RuntimeError where no inference ends any more. A busy node is no sick node."""
        await self.served.follow()
        healthy = await self.engine.probe()
        await self.server.set_serving(healthy)
        if not healthy:
            raise RuntimeError("no inference ends on this node any more")

    async def stop(self) -> None:
        """Takes no more calls, ends those in flight, lets go of the node."""
        await self.server.stop()
        await self.engine.close()
        self.claim.release()


def _write_report(
    settings: ServingSettings,
    node: NodePlan,
    memory_policy: str,
    address: str,
    engine: InferenceEngine,
    served: ServedSet,
) -> None:
    """`run/node-<n>.json`, for `aibox status`."""
    report = NodeReport(
        node=node.index,
        pid=os.getpid(),
        cpus=node.cpus,
        memory_policy=memory_policy,
        address=address,
        generation=served.generation,
        models=tuple(_served(status) for status in engine.statuses()),
    )
    path = settings.run_dir / f"node-{node.index}.json"
    publish(path, report.model_dump_json())


def _served(status: ModelStatus) -> ServedModel:
    names = ServedModel.model_fields
    return ServedModel(**{name: getattr(status, name) for name in names})
