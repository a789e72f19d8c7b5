"""How long a model's inferences take, to choose how they are run."""

from __future__ import annotations

QUICK_S = 0.0005
"""An inference shorter than this runs at once in the event loop's thread: handing it to a stream
and back costs more CPU (some 75 us of two thread switches) and the loop is not kept waiting."""

_WEIGHT = 0.2


class Pace:
    """A moving average of the duration of an inference, in seconds."""

    def __init__(self) -> None:
        self.average_s: float | None = None

    def add(self, duration_s: float) -> None:
        if self.average_s is None:
            self.average_s = duration_s
        else:
            self.average_s += _WEIGHT * (duration_s - self.average_s)

    def first(self, duration_s: float) -> None:
        """One of the first runs, which are cold: the least of them counts."""
        self.average_s = min(duration_s, self.average_s or duration_s)

    @property
    def is_quick(self) -> bool:
        return self.average_s is not None and self.average_s < QUICK_S
