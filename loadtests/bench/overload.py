"""`make bench-overload`: three times more than the box can do, and what becomes of STAT requests.

Capacity is measured first by a closed loop; then an open loop sends three times as much on the
routine lane while a second one sends a few STAT requests. Clients run in processes of their own;
their CPU is reported, since on a small machine they take it from the box.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Annotated, Any

import typer

from loadtests.bench.outcome import Bar, Outcome, median
from loadtests.box import OwnBox

MODEL, PAYLOAD = "nested_unet_covid", "hu:INT16:1x1x256x256"
CONNECTIONS = 4
STAT_PER_S = 1.0
FACTOR = 3.0


def main(quick: Annotated[bool, typer.Option(help="About a minute of load.")] = False) -> None:
    """Runs the benchmark, prints its table and writes bench/overload.json."""
    rounds, round_s = (1, 30.0) if quick else (3, 45.0)
    with OwnBox() as box:
        finish(closed_client(box.address, 4, 5.0))  # warm up
        found = [_round(box.address, round_s) for _ in range(rounds)]
    outcome = summarise(found)
    outcome.show()
    outcome.save()


def _round(address: str, round_s: float) -> dict[str, dict[str, Any]]:
    closed = finish(closed_client(address, 4, round_s / 4))
    capacity = closed["requests"] / closed["elapsed_s"]
    unloaded = finish(open_client(address, STAT_PER_S, round_s / 2, priority=1, connections=1))
    flood = open_client(address, FACTOR * capacity, round_s, priority=2, connections=CONNECTIONS)
    stat = open_client(address, STAT_PER_S, round_s, priority=1, connections=1)
    loaded, flooded = finish(stat), finish(flood)
    service = finish(closed_client(address, 1, round_s / 8))
    return {
        "closed": closed | {"capacity": capacity},
        "unloaded": unloaded,
        "loaded": loaded,
        "flooded": flooded,
        "service": service,
    }


def closed_client(address: str, clients: int, seconds: float) -> subprocess.Popen[str]:
    """So many clients, each sending its next request when it has the answer to the last."""
    return _client("closed_loop", address, str(clients), str(seconds))


def open_client(
    address: str, rate: float, seconds: float, priority: int, connections: int
) -> subprocess.Popen[str]:
    """So many requests a second at their own times, on so many connections."""
    given = (str(rate), str(seconds), str(priority), str(connections))
    return _client("open_loop", address, *given)


def _client(module: str, address: str, *given: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"loadtests.bench.{module}", address, MODEL, PAYLOAD]
    return subprocess.Popen([*command, *given], stdout=subprocess.PIPE, text=True)


def finish(client: subprocess.Popen[str]) -> dict[str, Any]:
    """What a client printed at its end."""
    printed, _ = client.communicate(timeout=300)
    answer: dict[str, Any] = json.loads(printed)
    return answer


def summarise(found: list[dict[str, dict[str, Any]]]) -> Outcome:
    """A row a round, and the three bars as medians over the rounds."""
    rows = [_row(one) for one in found]
    goodput = [_goodput_per_s(one) / one["closed"]["capacity"] for one in found]
    refused = [one["flooded"]["refused_p50_ms"] for one in found]
    bounds = [2 * one["unloaded"]["done_p95_ms"] + one["service"]["p50_ms"] for one in found]
    stat = [one["loaded"]["done_p95_ms"] / b for one, b in zip(found, bounds, strict=True)]
    bars = [
        Bar("goodput at 3x / peak", median(goodput), 0.9, at_most=False),
        Bar("refusal, median (ms)", median(refused), 50.0, at_most=True),
        Bar("STAT p95 / (2 x unloaded p95 + service time)", median(stat), 1.0, at_most=True),
    ]
    note = f"Model {MODEL} ({PAYLOAD}), {CONNECTIONS} connections of flood, 1 of STAT."
    return Outcome("overload", rows, bars, [note])


def _goodput_per_s(one: dict[str, dict[str, Any]]) -> float:
    """Answers a second while the flood lasts, of both lanes."""
    return float(one["flooded"]["goodput_per_s"] + one["loaded"]["goodput_per_s"])


def _row(one: dict[str, dict[str, Any]]) -> dict[str, str | float]:
    codes = one["flooded"]["codes"]
    return {
        "capacity_per_s": one["closed"]["capacity"],
        "sent": float(one["flooded"]["sent"]),
        "goodput_per_s": _goodput_per_s(one),
        "answered": float(codes.get("OK", 0)),
        "refused": float(codes.get("RESOURCE_EXHAUSTED", 0)),
        "refused_p50_ms": one["flooded"]["refused_p50_ms"],
        "stat_p95_unloaded_ms": one["unloaded"]["done_p95_ms"],
        "stat_p95_loaded_ms": one["loaded"]["done_p95_ms"],
        "service_p50_ms": one["service"]["p50_ms"],
        "generator_cpu_s": one["flooded"]["client_cpu_s"],
    }


if __name__ == "__main__":
    typer.run(main)
