"""The accuracy gate: what a variant lost against FP32, and whether that is under the limit."""

from __future__ import annotations

from provisioning.quantise.bootstrap import DRAWS, SEED, paired_drop
from provisioning.quantise.unit_scores import Scores, UnitScores
from serving.domain.provenance import AccuracyGate

POINTS = 100.0
"""One point is 0.01 of a metric of 0..1."""

Gates = tuple[AccuracyGate, ...]


def judge(
    reference: Scores,
    variant: Scores,
    cases: int,
    limit_points: float,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Gates:
    """One gate for each metric of the task; `cases` is the number of patients in the data.

    Raises InvalidRequest where a metric is undefined on the data.
    """
    return tuple(
        _gate(before, after, cases, limit_points, draws, seed)
        for before, after in zip(reference, variant, strict=True)
    )


def all_hold(gates: Gates) -> bool:
    """Whether there is a verdict, and it is good on every metric."""
    return bool(gates) and all(gate.holds for gate in gates)


def worst(gates: Gates) -> AccuracyGate:
    """The gate with the largest upper bound."""
    return max(gates, key=lambda gate: gate.upper_points)


def in_words(gates: Gates) -> str:
    """The worst of the verdicts, as the end of a sentence."""
    gate = worst(gates)
    return (
        f"{gate.metric} may drop by up to {gate.upper_points:.2f} points "
        f"(limit {gate.limit_points:g})"
    )


def _gate(
    before: UnitScores, after: UnitScores, cases: int, limit: float, draws: int, seed: int
) -> AccuracyGate:
    found = paired_drop(before, after, draws, seed)
    return AccuracyGate(
        metric=before.metric,
        reference=round(found.reference, 6),
        value=round(found.value, 6),
        drop_points=round(found.drop * POINTS, 4),
        upper_points=round(found.upper * POINTS, 4),
        limit_points=limit,
        unit=before.unit,
        units=before.units,
        cases=cases,
    )
