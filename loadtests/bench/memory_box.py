"""Many inferences through a box of its own over gRPC, and what its replica holds meanwhile."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc

from loadtests.bench.closed_loop import LIMIT, METHOD
from loadtests.bench.payload import Payload
from loadtests.bench.resident import read_resident
from loadtests.bench.small_version import write_small_version
from loadtests.box import OwnBox

CONNECTIONS = 4
Samples = list[dict[str, float]]


def through_a_box(version: Path, side: int, count: int, every: int) -> Samples:
    """`count` inferences of slices of `side` pixels; a sample of the replica after each `every`.

    The box serves the small copy of `version` and nothing else.
    """
    with TemporaryDirectory(prefix="aibox-memory-") as scratch:
        small = write_small_version(version, Path(scratch), side)
        settings = {"AIBOX__ENGINE__REPOSITORIES": f'["{scratch}"]'}
        with OwnBox(settings) as box:
            body = Payload("hu", "INT16", (1, 1, side, side)).request(small.parent.name)
            return asyncio.run(_sampled(box, body, count, every))


async def _sampled(box: OwnBox, body: bytes, count: int, every: int) -> Samples:
    samples: Samples = []
    for done in range(every, count + 1, every):
        await asyncio.gather(
            *(_calls(box.address, body, every // CONNECTIONS) for _ in range(CONNECTIONS))
        )
        resident = read_resident(box.replica_pids[0])
        samples.append({"done": done, "seconds": time.monotonic(), **resident})
    return samples


async def _calls(address: str, body: bytes, count: int) -> None:
    options = [*LIMIT, ("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        call = channel.unary_unary(METHOD)
        for _ in range(count):
            await call(body)
