"""Queues and latency now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.admin.page.histogram import Histogram
from appliance.admin.page.latency_reading import ModelKey
from appliance.admin.page.recent_latency import Recent
from appliance.admin.views.replica_view import QueueView, ReplicaView

_NONE = Histogram({})


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds; None where nothing was observed, infinite above the histogram's last bound."""

    p50_s: float | None
    p95_s: float | None


@dataclass(frozen=True, slots=True)
class LatencyRow:
    """One model version."""

    model: str
    version: str
    answered: int
    waiting: Times
    computing: Times


@dataclass(frozen=True, slots=True)
class LoadPanel:
    """All replicas together, then each model version that answered anything."""

    waiting: int
    busy: int
    slots: int
    seconds: float | None
    """That the latencies are about; None: since the box started."""
    rows: tuple[LatencyRow, ...]


def load_panel(replicas: Sequence[ReplicaView], recent: Recent) -> LoadPanel:
    """Models by name, the newest version first."""
    queues = [replica.queue for replica in replicas if replica.queue is not None]
    keys = [key for key, each in recent.reading.waiting.items() if each.count > 0]
    return LoadPanel(
        waiting=sum(waiting(queue) for queue in queues),
        busy=sum(busy(queue) for queue in queues),
        slots=sum(queue.slots for queue in queues),
        seconds=recent.seconds,
        rows=tuple(_row(key, recent) for key in sorted(keys, key=_order)),
    )


def busy(queue: QueueView) -> int:
    """Slots that compute: a slot never rests while a request waits."""
    return min(queue.length, queue.slots)


def waiting(queue: QueueView) -> int:
    """Requests without a slot."""
    return queue.length - busy(queue)


def _order(key: ModelKey) -> tuple[str, int]:
    return key[0], -int(key[1]) if key[1].isdecimal() else 0


def _row(key: ModelKey, recent: Recent) -> LatencyRow:
    waits = recent.reading.waiting[key]
    return LatencyRow(
        model=key[0],
        version=key[1],
        answered=math.floor(waits.count),
        waiting=_times(waits),
        computing=_times(recent.reading.computing.get(key, _NONE)),
    )


def _times(histogram: Histogram) -> Times:
    return Times(histogram.quantile(0.5), histogram.quantile(0.95))
