"""A closed-loop client in a process of its own, so that its CPU never counts as the server's.

`python -m loadtests.bench.closed_loop TARGET MODEL PAYLOAD CLIENTS SECONDS` prints one JSON line.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import grpc

from loadtests.bench.payload import Payload

LIMIT = [("grpc.max_receive_message_length", 2**30), ("grpc.max_send_message_length", 2**30)]
METHOD = "/inference.GRPCInferenceService/ModelInfer"


async def one_client(target: str, body: bytes, until_s: float, latencies_s: list[float]) -> None:
    """Calls in a loop over a connection of its own until the clock says stop."""
    options = [*LIMIT, ("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(target, options=options) as channel:
        call = channel.unary_unary(METHOD)
        while (start := time.perf_counter()) < until_s:
            await call(body)
            latencies_s.append(time.perf_counter() - start)


async def main(target: str, model: str, payload: str, clients: str, seconds: str) -> None:
    body = Payload.parse(payload).request(model)
    latencies_s: list[float] = []
    start = time.perf_counter()
    until = start + float(seconds)
    await asyncio.gather(
        *(one_client(target, body, until, latencies_s) for _ in range(int(clients)))
    )
    elapsed_s = time.perf_counter() - start
    latencies_s.sort()
    print(
        json.dumps(
            {
                "requests": len(latencies_s),
                "elapsed_s": elapsed_s,
                "p50_ms": 1e3 * latencies_s[len(latencies_s) // 2],
                "p95_ms": 1e3 * latencies_s[int(len(latencies_s) * 0.95)],
                "client_cpu_s": time.process_time(),
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
