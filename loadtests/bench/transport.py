"""`make bench-transport`: what one request costs each server in CPU time, and how many it answers.

Every side runs for the whole benchmark and is loaded in turn, round by round, by a client in a
process of its own, so that noise of the machine hits all alike. CPU is that of the processes that
serve; what Ray's other processes use meanwhile is reported apart.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from loadtests.bench.bare_server import compile_model
from loadtests.bench.cpu_time import cpu_seconds
from loadtests.bench.models import ECHO, NETWORK, write_repository
from loadtests.bench.outcome import Bar, Outcome, median
from loadtests.bench.payload import Payload
from loadtests.bench.sides import PAYLOADS, Side, all_sides

IN_PROCESS = "in process (the limit)"
STREAMS, THREADS = 1, 2
ECHO_BOUND = 1.15
NETWORK_BOUND = 0.92


@dataclass(frozen=True, slots=True)
class Load:
    """One kind of load: which model, how many clients, for how long a round."""

    model: str
    clients: int
    round_s: float


@dataclass(slots=True)
class Samples:
    """What the rounds of one side under one load gave."""

    cpu_ms: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    idle_cpu_ms_per_s: list[float] = field(default_factory=list)


Results = dict[tuple[str, str, int], Samples]


def main(quick: Annotated[bool, typer.Option(help="About a minute of load.")] = False) -> None:
    """Runs the benchmark, prints its table and writes bench/transport.json."""
    rounds = 5 if quick else 7
    loads = [Load(ECHO, 1, 2.0), Load(ECHO, 8, 2.0 if quick else 4.0), Load(NETWORK, 2, 4.0)]
    with tempfile.TemporaryDirectory(prefix="aibox-bench-") as scratch:
        work = Path(scratch)
        repository = write_repository(work / "models")
        results: Results = defaultdict(Samples)
        with all_sides(work, repository, STREAMS, THREADS) as sides:
            limit = InProcess(repository)
            for load in loads:
                _warm_up(sides, limit, load)
            for _ in range(rounds):
                for load in loads:
                    _round(results, sides, limit, load)
    outcome = summarise(results, loads)
    outcome.show()
    outcome.save()


class InProcess:
    """The compiled models called directly: no server can cost less."""

    def __init__(self, repository: Path) -> None:
        self._requests = {
            name: compile_model(repository, name, STREAMS, THREADS).create_infer_request()
            for name in PAYLOADS
        }

    def run(self, load: Load, samples: Samples) -> None:
        """One round in this process."""
        x = np.zeros(Payload.parse(PAYLOADS[load.model]).shape, np.float32)
        infer, count = self._requests[load.model], 0
        start, cpu = time.perf_counter(), time.process_time()
        while time.perf_counter() - start < load.round_s:
            infer.infer({0: x}, share_inputs=True)
            count += 1
        samples.cpu_ms.append(1e3 * (time.process_time() - cpu) / count)
        samples.rate.append(count / (time.perf_counter() - start))
        samples.p50_ms.append(1e3 / samples.rate[-1])


def _round(results: Results, sides: list[Side], limit: InProcess, load: Load) -> None:
    limit.run(load, results[IN_PROCESS, load.model, load.clients])
    for side in sides:
        before, idle = cpu_seconds(side.serving_pids), cpu_seconds(side.idle_pids)
        got = _drive(side, load)
        samples = results[side.name, load.model, load.clients]
        spent_s = cpu_seconds(side.serving_pids) - before
        idle_s = cpu_seconds(side.idle_pids) - idle
        samples.cpu_ms.append(1e3 * spent_s / got["requests"])
        samples.rate.append(got["requests"] / got["elapsed_s"])
        samples.p50_ms.append(got["p50_ms"])
        samples.idle_cpu_ms_per_s.append(1e3 * idle_s / got["elapsed_s"])


def _drive(side: Side, load: Load) -> dict[str, float]:
    command = [sys.executable, "-m", "loadtests.bench.closed_loop", side.targets[load.model]]
    command += [load.model, PAYLOADS[load.model], str(load.clients), str(load.round_s)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return {key: float(value) for key, value in json.loads(done.stdout).items()}


def _warm_up(sides: list[Side], limit: InProcess, load: Load) -> None:
    short = Load(load.model, load.clients, 1.0)
    limit.run(short, Samples())
    for side in sides:
        _drive(side, short)


def summarise(results: Results, loads: list[Load]) -> Outcome:
    """Rows by load and side, and the two bars of the transport."""
    rows: list[dict[str, str | float]] = []
    for load in loads:
        for (side, model, clients), samples in results.items():
            if (model, clients) == (load.model, load.clients):
                rows.append(_row(side, load, samples))
    return Outcome("transport", rows, [_echo_bar(results), _network_bar(results)], [_idle(results)])


def _row(side: str, load: Load, samples: Samples) -> dict[str, str | float]:
    return {
        "side": side,
        "model": load.model,
        "clients": float(load.clients),
        "rounds": float(len(samples.cpu_ms)),
        "server_cpu_ms_per_request": median(samples.cpu_ms),
        "requests_per_s": median(samples.rate),
        "p50_ms": median(samples.p50_ms),
    }


def _echo_bar(results: Results) -> Bar:
    ours, bare = results["aibox", ECHO, 8], results["bare grpc.aio", ECHO, 8]
    ratios = [a / b for a, b in zip(ours.cpu_ms, bare.cpu_ms, strict=True)]
    name = "CPU a request at 1 MiB in and out, 8 clients: aibox / bare grpc.aio"
    return Bar(name, median(ratios), ECHO_BOUND, at_most=True)


def _network_bar(results: Results) -> Bar:
    ours, limit = results["aibox", NETWORK, 2], results[IN_PROCESS, NETWORK, 2]
    ratios = [a / b for a, b in zip(limit.cpu_ms, ours.cpu_ms, strict=True)]
    name = "CPU of a 512x512 network's inference: in process / aibox replica"
    return Bar(name, median(ratios), NETWORK_BOUND, at_most=False)


def _idle(results: Results) -> str:
    idle = median(results["aibox", ECHO, 8].idle_cpu_ms_per_s)
    return f"Ray's and the supervisor's other processes meanwhile: {idle:.1f} ms of CPU a second."


if __name__ == "__main__":
    typer.run(main)
