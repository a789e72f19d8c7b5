"""An engine as a replica hosts it, without gRPC and Ray, put through loads or inferences.

Prints one JSON list of samples. A process of its own, so that nothing else is measured.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer

from loadtests.bench.resident import read_resident
from serving.domain.inference import InferenceRequest
from serving.domain.tensor import Tensor
from serving.engine.binding import bind_all_threads, bind_memory
from serving.engine.engine import InferenceEngine
from serving.engine.heap import keep_freed_memory
from serving.engine.machine import read_machine
from serving.engine.plan import make_plan
from serving.engine.settings import EngineSettings
from serving.graph.metrics import PrometheusObserver

Samples = list[dict[str, float]]


def main(
    work: Literal["loads", "inferences"],
    folder: Path,
    count: int,
    every: int,
    cache_dir: Path,
    cache: Annotated[bool, typer.Option()] = True,
) -> None:
    """`count` times the work on the version in `folder`; a sample after each `every` of them."""
    run = _loads if work == "loads" else _inferences
    print(json.dumps(asyncio.run(run(folder, count, every, cache_dir, cache))))


async def _loads(folder: Path, count: int, every: int, cache_dir: Path, cache: bool) -> Samples:
    samples: Samples = []
    async with _hosted(cache_dir, cache) as engine:
        for cycle in range(1, count + 1):
            status = await engine.load(folder)
            await engine.infer(_request(engine, status.name, cycle))
            await engine.unload(status.name, status.version)
            if cycle % every == 0:
                samples.append(_sample(cycle))
    return samples


async def _inferences(
    folder: Path, count: int, every: int, cache_dir: Path, cache: bool
) -> Samples:
    samples: Samples = []
    async with _hosted(cache_dir, cache) as engine:
        status = await engine.load(folder)
        for done in range(every, count + 1, every):
            for part in range(0, every, 4):  # four callers at a time: some wait in the queue
                calls = range(part, min(part + 4, every))
                await asyncio.gather(
                    *(engine.infer(_request(engine, status.name, n)) for n in calls)
                )
            samples.append(_sample(done))
    return samples


@asynccontextmanager
async def _hosted(cache_dir: Path, cache: bool) -> AsyncIterator[InferenceEngine]:
    """In the order of `serving.graph.node_host.NodeHost.start`."""
    keep_freed_memory()
    settings = EngineSettings(compile_cache=cache)
    node = make_plan(read_machine(), settings).nodes[0]
    bind_all_threads(node.cpus)
    bind_memory(node.numa_node)
    engine = InferenceEngine(settings, node, cache_dir, PrometheusObserver())
    await engine.start()
    bind_all_threads(node.cpus)
    try:
        yield engine
    finally:
        await engine.close()


def _request(engine: InferenceEngine, name: str, seed: int) -> InferenceRequest:
    (spec,) = engine.status(name).inputs
    shape = tuple(max(1, size) for size in spec.shape)
    pixels = np.random.default_rng(seed).integers(-1000, 400, shape)
    return InferenceRequest(
        name, (Tensor(spec.name, spec.datatype, pixels.astype(spec.datatype.numpy)),)
    )


def _sample(done: int) -> dict[str, float]:
    return {"done": done, "seconds": time.monotonic(), **read_resident("self")}


if __name__ == "__main__":
    typer.run(main)
