"""How the zoo's networks are marked: benchmarks, never an opinion on a patient."""

from __future__ import annotations

from serving.domain.manifest import Training

BENCHMARK_ONLY = "Benchmarks of the box: the weights are random. It answers requests, no study."


def untrained(recipe: str) -> Training:
    """Random weights; `recipe` says what was done to keep its activations in range."""
    return Training(
        data="none: seeded random weights",
        licence="Apache-2.0",
        split="none",
        recipe=f"batch norm settled on seeded noise, {recipe}",
        trained=False,
    )
