"""Interleaved rounds over the contenders of one network."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtests.bench.arithmetic_peak import peaks as arithmetic_peaks
from loadtests.bench.contenders.process import ContenderProcess
from loadtests.bench.contenders.sides import FP32, INT8, STOCK, sides_of, started
from loadtests.bench.output_check import Difference, compare
from loadtests.bench.ratios import rotated, runs_within
from loadtests.bench.zoo_models import ZooModel
from serving.domain.slices import Progress


@dataclass(frozen=True, slots=True)
class Effort:
    """How many rounds, and about how long each side runs in each, once for each kind of load."""

    rounds: int = 5
    slice_s: float = 0.8


@dataclass(slots=True)
class SideResult:
    """What the rounds of one side gave; one entry a round in both lists."""

    name: str
    facts: dict[str, Any]
    difference: Difference
    median_s: list[float] = field(default_factory=list)
    minimum_s: float = float("inf")
    in_flight_per_s: list[float] = field(default_factory=list)

    @property
    def best_per_s(self) -> list[float]:
        """A round's throughput: with all workers busy or one at a time, whichever is more."""
        one_at_a_time = (1.0 / seconds for seconds in self.median_s)
        return [max(pair) for pair in zip(self.in_flight_per_s, one_at_a_time, strict=True)]


@dataclass(frozen=True, slots=True)
class NetworkResult:
    """All sides of one network, and how honest the machine was meanwhile."""

    network: str
    sides: dict[str, SideResult]
    memory_gib: float
    """Resident, of all sides together."""
    idle_cpu_share: float
    """CPU that sides used while it was another's turn, of all CPU used: spinning would show."""
    profiles: dict[str, list[dict[str, Any]]]
    """Of OpenVINO FP32 and INT8: milliseconds per layer, costliest first."""
    peaks: dict[str, float]
    """Billions of multiply-accumulates a second that this machine reaches, by precision."""


def measure(model: ZooModel, effort: Effort, report: Progress) -> NetworkResult:
    """Starts every side, compares their outputs, runs the rounds. Raises RuntimeError."""
    with tempfile.TemporaryDirectory(prefix="aibox-bench-") as scratch:
        work = Path(scratch)
        inputs = model.write_inputs(work / "inputs.npz")
        report(0.0, f"{model.name}: loading")
        with started(sides_of(model, inputs)) as sides:
            results = _compared(sides, work)
            paces = {side.name: statistics.median(side.latency(1)) for side in sides}
            idle_s, busy_s = 0.0, 0.0
            peaks = arithmetic_peaks()
            for index in range(effort.rounds):
                report(index / effort.rounds, f"{model.name}: round {index + 1}")
                for side in rotated(sides, index):
                    idle, busy = _turn(side, sides, results[side.name], paces, effort)
                    idle_s, busy_s = idle_s + idle, busy_s + busy
                again = arithmetic_peaks()
                peaks = {name: max(peak, again[name]) for name, peak in peaks.items()}
            memory_gib = sum(side.memory_gib for side in sides)
            profiles = {s.name: s.profile() for s in sides if s.name in (FP32, INT8)}
    share = idle_s / max(idle_s + busy_s, 1e-9)
    return NetworkResult(model.name, results, memory_gib, share, profiles, peaks)


def _compared(sides: Sequence[ContenderProcess], work: Path) -> dict[str, SideResult]:
    outputs = {side.name: side.outputs(work / "outputs.npz") for side in sides}
    return {
        side.name: SideResult(side.name, side.facts, compare(outputs[side.name], outputs[STOCK]))
        for side in sides
    }


def _turn(
    side: ContenderProcess,
    sides: Sequence[ContenderProcess],
    result: SideResult,
    paces: dict[str, float],
    effort: Effort,
) -> tuple[float, float]:
    """One side's part of a round; CPU seconds of all others meanwhile, and its own."""
    others = [other for other in sides if other is not side]
    before, own = sum(other.cpu_s for other in others), side.cpu_s
    seconds = side.latency(runs_within(paces[side.name], effort.slice_s))
    result.median_s.append(statistics.median(seconds))
    result.minimum_s = min(result.minimum_s, *seconds)
    each = runs_within(paces[side.name] * side.facts["threads"], effort.slice_s)
    result.in_flight_per_s.append(side.throughput(each))
    return sum(other.cpu_s for other in others) - before, side.cpu_s - own
