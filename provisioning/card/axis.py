"""A horizontal axis: values to places in a drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """Values `low`..`high` over the places `left`..`right`; what lies outside is held inside."""

    low: float
    high: float
    left: float
    right: float

    def at(self, value: float) -> float:
        """The place of a finite value."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left)

    def ticks(self, about: int = 5) -> tuple[float, ...]:
        """Round values inside the axis, some `about` of them."""
        raw = (self.high - self.low) / about
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * each for each in _STEPS if power * each >= raw * 0.999)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return tuple(round(k * step, 10) + 0.0 for k in range(first, last + 1))


def axis_over(values: list[float], left: float, right: float) -> Axis:
    """An axis that holds zero and all of `values` (finite), with some air beyond the largest."""
    low, high = min(0.0, *values), max(0.0, *values)
    air = 0.04 * (high - low) or 1.0
    return Axis(low - air if low < 0 else low, high + air, left, right)
