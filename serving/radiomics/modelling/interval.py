"""An estimate and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serving.domain.volume import Float64


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with the two ends of its confidence interval."""

    value: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


def percentile_interval(value: float, draws: Float64, confidence: float) -> Interval:
    """The bootstrap's percentile interval; draws that are NaN (one class alone) do not count."""
    known = draws[~np.isnan(draws)]
    if known.size == 0:
        return Interval(value, value, value)
    tail = 50 * (1 - confidence)
    low, high = np.percentile(known, [tail, 100 - tail])
    return Interval(value, float(low), float(high))
