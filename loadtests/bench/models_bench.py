"""`make bench-models`: the zoo's networks on torch eager, onnxruntime and OpenVINO, interleaved.

Every side is a process of its own that loads, warms up and then blocks until it is its turn; the
order rotates from round to round. Networks come one after another, so that memory holds them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from loadtests.bench.models_summary import chart, summarise
from loadtests.bench.network_rounds import Effort, NetworkResult, measure
from loadtests.bench.outcome import environment
from loadtests.bench.zoo_models import find_or_build

NETWORKS = (
    "nested_unet_512",
    "hrnet_w18",
    "retinanet_r50",
    "inception_v4",
    "inception_resnet_v2",
)
QUICK_NETWORKS = ("hrnet_w18", "inception_v4")
BENCH = Path("bench")


def main(
    quick: Annotated[bool, typer.Option(help="Two networks, two rounds: about a minute.")] = False,
    network: Annotated[list[str] | None, typer.Option(help="Only these; repeat it.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds a network.")] = 5,
    rebuild: Annotated[bool, typer.Option(help="Build the networks anew.")] = False,
    svg: Annotated[Path, typer.Option(help="Where the chart goes.")] = BENCH / "models.svg",
) -> None:
    """Runs the benchmark, prints its table, writes bench/models.json, profiles and the chart."""
    names = network or (QUICK_NETWORKS if quick else NETWORKS)
    effort = Effort(rounds=2, slice_s=0.3) if quick else Effort(rounds=rounds)
    try:
        models = [find_or_build(name, rebuild=rebuild) for name in names]
        results = [measure(model, effort, _report) for model in models]
    except RuntimeError as error:
        sys.exit(f"bench-models: {error}")
    outcome = summarise(results)
    outcome.show()
    outcome.save()
    _save_profiles(results)
    svg.parent.mkdir(parents=True, exist_ok=True)
    svg.write_text(chart(results, str(environment()["cpu"])), "utf-8")
    print(f"chart: {svg}; time per layer: {BENCH / 'models-profiles.json'}")


def _save_profiles(results: Sequence[NetworkResult]) -> None:
    profiles = {result.network: result.profiles for result in results}
    path = BENCH / "models-profiles.json"
    path.write_text(json.dumps(profiles, indent=1) + "\n", "utf-8")


def _report(_share: float, stage: str) -> None:
    print(stage, file=sys.stderr, flush=True)


if __name__ == "__main__":
    typer.run(main)
