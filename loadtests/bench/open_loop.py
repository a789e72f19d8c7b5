"""An open-loop client: requests leave at their own times, whether or not answers come back.

`python -m loadtests.bench.open_loop TARGET MODEL PAYLOAD RATE SECONDS PRIORITY CONNECTIONS`
prints one JSON line. Arrivals are Poisson, seeded. Latency counts from the planned time of
departure, so a generator that falls behind shows in the figures (no coordinated omission).
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import grpc

from loadtests.bench.payload import Payload

LIMIT = [("grpc.max_receive_message_length", 2**30), ("grpc.use_local_subchannel_pool", 1)]
METHOD = "/inference.GRPCInferenceService/ModelInfer"


@dataclass(slots=True)
class Tally:
    """What became of the requests; latencies in milliseconds."""

    done_ms: list[float] = field(default_factory=list)
    refused_ms: list[float] = field(default_factory=list)
    done_in_time: int = 0
    """Answered before the last request was sent: what counts as goodput."""
    codes: Counter[str] = field(default_factory=Counter)


async def send(
    call: grpc.aio.UnaryUnaryMultiCallable,
    body: bytes,
    planned_s: float,
    end_s: float,
    tally: Tally,
) -> None:
    """One request, from its planned departure to its end."""
    try:
        await call(body)
    except grpc.aio.AioRpcError as error:
        tally.codes[error.code().name] += 1
        if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
            tally.refused_ms.append(1e3 * (time.perf_counter() - planned_s))
        return
    now = time.perf_counter()
    tally.codes["OK"] += 1
    tally.done_ms.append(1e3 * (now - planned_s))
    tally.done_in_time += now <= end_s


async def main(
    target: str,
    model: str,
    payload: str,
    rate: str,
    seconds: str,
    priority: str = "2",
    connections: str = "4",
) -> None:
    """Sends `rate` requests a second over `connections` connections and prints the tally."""
    body = Payload.parse(payload).request(model, int(priority))
    channels = [grpc.aio.insecure_channel(target, LIMIT) for _ in range(int(connections))]
    calls = [channel.unary_unary(METHOD) for channel in channels]
    tally, tasks, random_source = Tally(), [], random.Random(1)
    start = planned_s = time.perf_counter()
    end_s = start + float(seconds)
    while planned_s < end_s:
        await asyncio.sleep(max(0.0, planned_s - time.perf_counter()))
        call = calls[len(tasks) % len(calls)]
        tasks.append(asyncio.create_task(send(call, body, planned_s, end_s, tally)))
        planned_s += random_source.expovariate(float(rate))
    await asyncio.gather(*tasks)
    print(json.dumps(summary(tally, len(tasks), float(seconds))))
    for channel in channels:
        await channel.close()


def summary(tally: Tally, sent: int, seconds: float) -> dict[str, Any]:
    """The figures of one run."""
    return {
        "sent": sent,
        "codes": dict(tally.codes),
        "goodput_per_s": tally.done_in_time / seconds,
        "done_p50_ms": percentile(tally.done_ms, 0.50),
        "done_p95_ms": percentile(tally.done_ms, 0.95),
        "done_ms": tally.done_ms,
        "refused_p50_ms": statistics.median(tally.refused_ms) if tally.refused_ms else math.inf,
        "client_cpu_s": time.process_time(),
    }


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of the values do not pass; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
