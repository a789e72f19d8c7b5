"""Histograms count since the box started; an operator asks about the last minutes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from appliance.admin.page.latency_reading import LatencyReading

WINDOW_S = 300.0
STEP_S = 10.0
"""Between two readings that are kept."""


@dataclass(frozen=True, slots=True)
class Recent:
    """What was observed within the last `seconds`; None: since the box started."""

    seconds: float | None
    reading: LatencyReading


class RecentLatency:
    """Keeps the readings of the last minutes while somebody looks. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: deque[tuple[float, LatencyReading]] = deque()
        self._lock = threading.Lock()

    def after(self, reading: LatencyReading) -> Recent:
        """The reading of now, less the oldest one of the window.

        Whoever looks first in a while has none to compare with, and is told of all.
        """
        with self._lock:
            now_s = self._clock()
            while self._kept and now_s - self._kept[0][0] > WINDOW_S:
                self._kept.popleft()
            oldest = self._kept[0] if self._kept else None
            if not self._kept or now_s - self._kept[-1][0] >= STEP_S:
                self._kept.append((now_s, reading))
        if oldest is None or now_s - oldest[0] < STEP_S:
            return Recent(None, reading)
        return Recent(now_s - oldest[0], reading.since(oldest[1]))


async def recent_of(request: Request) -> RecentLatency:
    """The one of the app that answers. No thread comes between: this runs in the event loop."""
    state = request.app.state
    if not hasattr(state, "recent_latency"):
        state.recent_latency = RecentLatency()
    found: RecentLatency = state.recent_latency
    return found
