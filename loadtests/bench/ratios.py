"""Statistics of interleaved rounds: sides that ran in the same round are compared in that round."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TypeVar

from loadtests.bench.outcome import Bar

MEASUREMENT_TOLERANCE = 0.05
"""Granted to every ratio's bound, openly: the bar's text names it."""

T = TypeVar("T")


def median_ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """The median over rounds of over[i] / under[i]; what slows a whole round down cancels out.

    Raises ValueError where the two were not measured in the same rounds, or never.
    """
    return statistics.median(a / b for a, b in zip(over, under, strict=True))


def rotated(sides: Sequence[T], round_index: int) -> list[T]:
    """The order of a round: each side goes first in turn."""
    shift = round_index % len(sides)
    return [*sides[shift:], *sides[:shift]]


def runs_within(once_s: float, slice_s: float, most: int = 200) -> int:
    """How many runs of `once_s` fill `slice_s`: at least one, at most `most`."""
    return max(1, min(most, round(slice_s / once_s)))


def ratio_bar(what: str, value: float, bound: float) -> Bar:
    """A bar that a ratio must reach, less the measurement tolerance."""
    kept = 1.0 - MEASUREMENT_TOLERANCE
    return Bar(f"{what} (bound {bound:g} x {kept:g})", value, bound * kept, at_most=False)
