"""How long a model's inferences take, to choose how they are run."""

from __future__ import annotations

QUICK_S = 0.0005
"""An inference shorter than this runs at once in the event loop's thread: handing it to a stream
and back costs more CPU (some 75 us of two thread switches) and the loop is not kept waiting."""

_WEIGHT = 0.2
_COLD_FACTOR = 20


class Pace:
    """A moving average of the duration of an inference, in seconds."""

    def __init__(self) -> None:
        self.average_s: float | None = None
        self.runs = 0
        self.quick_bytes = 0
        """The largest payload that was answered quickly."""

    def add(self, duration_s: float, payload_bytes: int) -> None:
        """One request answered."""
        if self.average_s is None:
            self.average_s = duration_s
        else:
            self.average_s += _WEIGHT * (duration_s - self.average_s)
        if duration_s < QUICK_S:
            self.quick_bytes = max(self.quick_bytes, payload_bytes)

    def first(self, duration_s: float) -> None:
        """One of the first runs, which are cold: the least of them counts."""
        self.average_s = min(duration_s, self.average_s or duration_s)
        self.runs += 1

    @property
    def is_quick(self) -> bool:
        return self.average_s is not None and self.average_s < QUICK_S

    @property
    def may_be_quick(self) -> bool:
        """Whether a few more first runs may show that it is quick."""
        return self.average_s is not None and self.average_s < _COLD_FACTOR * QUICK_S
