"""A Prometheus histogram of seconds: added up, taken apart by time, read as quantiles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Histogram:
    """Observations at or below each bound (seconds), as `le` counts them; the last is infinite."""

    counts: Mapping[float, float]

    @property
    def count(self) -> float:
        return max(self.counts.values(), default=0.0)

    def plus(self, other: Histogram) -> Histogram:
        """Both together."""
        bounds = self.counts.keys() | other.counts.keys()
        return Histogram({b: self.counts.get(b, 0.0) + other.counts.get(b, 0.0) for b in bounds})

    def since(self, earlier: Histogram) -> Histogram:
        """What came after `earlier`; all of it where the counting began anew in between."""
        new = {bound: n - earlier.counts.get(bound, 0.0) for bound, n in self.counts.items()}
        return self if any(n < 0 for n in new.values()) else Histogram(new)

    def quantile(self, share: float) -> float | None:
        """Seconds that this share kept below, linear within a bucket as Prometheus has it.

        None where nothing was observed, infinite where it lies above the last finite bound.
        """
        wanted, below, start = share * self.count, 0.0, 0.0
        if self.count <= 0:
            return None
        for bound, count in sorted(self.counts.items()):
            if count >= wanted and count > below:
                if math.isinf(bound):
                    return math.inf
                return start + (bound - start) * (wanted - below) / (count - below)
            below, start = count, bound
        return math.inf
