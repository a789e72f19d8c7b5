"""An open-loop client that tells of each request: `switching_load TARGET MODEL PAYLOAD RATE`.

Runs until its standard input is closed, then prints one JSON list: planned departure and end in
seconds of CLOCK_MONOTONIC, which all processes share, the status code, the version that answered.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from dataclasses import astuple, dataclass

import grpc
from inference.grpc_service_pb2 import ModelInferResponse

from loadtests.bench.open_loop import LIMIT, METHOD
from loadtests.bench.payload import Payload

CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one request."""

    planned_s: float
    ended_s: float
    code: str
    version: str


async def send(call: grpc.aio.UnaryUnaryMultiCallable, body: bytes, planned_s: float) -> Told:
    """One request, from its planned departure to its end."""
    code, version = "OK", ""
    try:
        version = ModelInferResponse.FromString(await call(body)).model_version
    except grpc.aio.AioRpcError as error:
        code = error.code().name
    return Told(planned_s, time.monotonic(), code, version)


async def main(target: str, model: str, payload: str, rate: str) -> None:
    """Poisson arrivals, seeded, over a few connections."""
    body = Payload.parse(payload).request(model, 2)
    channels = [grpc.aio.insecure_channel(target, LIMIT) for _ in range(CONNECTIONS)]
    calls = [channel.unary_unary(METHOD) for channel in channels]
    tasks, random_source = [], random.Random(1)
    closed = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    planned_s = time.monotonic()
    while not closed.done():
        await asyncio.sleep(max(0.0, planned_s - time.monotonic()))
        call = calls[len(tasks) % len(calls)]
        tasks.append(asyncio.create_task(send(call, body, planned_s)))
        planned_s += random_source.expovariate(float(rate))
    print(json.dumps([astuple(told) for told in await asyncio.gather(*tasks)]))
    for channel in channels:
        await channel.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
