"""`make bench-memory`: whether a replica's memory stays flat over loads, unloads and inferences.

The engine is hosted as a replica hosts it, in a process of its own for each part: load, one
inference and unload of the reference model, with the compile cache and without; many inferences
of the same network on 64 x 64 slices, to bound the time; and as many through a whole box over
gRPC. What counts is RSS after the last step against RSS after
the warm-up: a process that keeps freed memory on purpose may hold much, but never more and more.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from loadtests.bench.memory_box import through_a_box
from loadtests.bench.memory_plot import write_plot
from loadtests.bench.outcome import Bar, Outcome
from loadtests.bench.small_version import write_small_version

VERSION = Path("model_repo/nested_unet_covid/1")
SIDE = 64
GROWTH = 1.05
TIMEOUT_S = 1800
Samples = list[dict[str, float]]


@dataclass(frozen=True, slots=True)
class Part:
    """One process's work; growth is judged from `warm` steps on."""

    name: str
    work: str
    count: int
    every: int
    warm: int
    cache: bool = True


def main(
    quick: Annotated[bool, typer.Option(help="A tenth of the steps.")] = False,
) -> None:
    """Runs the benchmark, prints its table and writes bench/memory.json and bench/memory.svg."""
    share = 10 if quick else 1
    parts = [
        Part("load/unload", "loads", 200 // share, 2, 10),
        Part("load/unload, no cache", "loads", 50 // share, 1, min(10, 20 // share), cache=False),
        Part("inferences", "inferences", 5000 // share, 100, 500 // share),
    ]
    with tempfile.TemporaryDirectory(prefix="aibox-memory-") as scratch:
        found = {part.name: _run(part, Path(scratch)) for part in parts}
    box = Part("inferences, box", "box", 5000 // share, 200 // share, 500 // share)
    found[box.name] = through_a_box(VERSION, SIDE, box.count, box.every)
    outcome = summarise([*parts, box], found)
    outcome.show()
    write_plot(found, outcome.save().with_suffix(".svg"))


def _run(part: Part, scratch: Path) -> Samples:
    folder = VERSION
    if part.work == "inferences":
        folder = write_small_version(VERSION, scratch / "repository", SIDE)
    command = [sys.executable, "-m", "loadtests.bench.memory_host", part.work, str(folder)]
    command += [str(part.count), str(part.every), str(scratch / "cache")]
    command += ["--cache" if part.cache else "--no-cache"]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=TIMEOUT_S)
    samples: Samples = json.loads(ran.stdout)
    return samples


def summarise(parts: list[Part], found: dict[str, Samples]) -> Outcome:
    """A row and a bar for each part."""
    rows = [_row(part, found[part.name]) for part in parts]
    bars = [
        Bar(f"{part.name}: RSS after {part.count} / after {part.warm}", ratio, GROWTH, True)
        for part in parts
        for ratio in [_growth(part, found[part.name])]
    ]
    notes = [
        f"{VERSION.parent.name} in its default variant, one inference of a full slice a cycle; "
        f"inferences: the same network on {SIDE} x {SIDE} slices, four callers at a time.",
        "Box: the replica process of `aibox up`, the same small network, four gRPC connections, "
        "the samples taken while no call is under way.",
    ]
    return Outcome("memory", rows, bars, notes)


def _growth(part: Part, samples: Samples) -> float:
    warm = _warm(part, samples)
    return warm[-1]["rss_mib"] / warm[0]["rss_mib"]


def _warm(part: Part, samples: Samples) -> Samples:
    return [sample for sample in samples if sample["done"] >= part.warm]


def _row(part: Part, samples: Samples) -> dict[str, str | float]:
    warm = _warm(part, samples)
    done = [sample["done"] for sample in warm]
    rss = [sample["rss_mib"] for sample in warm]
    steps = warm[-1]["done"] - warm[0]["done"]
    slope = float(np.polyfit(done, rss, 1)[0]) * 1000 if steps else 0.0
    return {
        "part": part.name,
        "steps": float(part.count),
        "rss_warm_mib": rss[0],
        "rss_last_mib": rss[-1],
        "rss_most_mib": max(rss),
        "pss_warm_mib": warm[0]["pss_mib"],
        "pss_last_mib": warm[-1]["pss_mib"],
        "mib_per_1000": slope,
        "ms_per_step": 1000 * (warm[-1]["seconds"] - warm[0]["seconds"]) / max(steps, 1),
        "threads": warm[-1]["threads"],
    }


if __name__ == "__main__":
    typer.run(main)
