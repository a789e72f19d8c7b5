"""The replicas' histograms of waiting and computing, by model version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import Metric

from appliance.admin.page.histogram import Histogram

WAITING = "aibox_queue_wait_seconds"
COMPUTING = "aibox_inference_seconds"

ModelKey = tuple[str, str]
"""Name and version."""
_NOTHING = Histogram({})


@dataclass(frozen=True, slots=True)
class LatencyReading:
    """Both, summed over lanes and precisions."""

    waiting: Mapping[ModelKey, Histogram] = field(default_factory=dict)
    computing: Mapping[ModelKey, Histogram] = field(default_factory=dict)

    def since(self, earlier: LatencyReading) -> LatencyReading:
        """What came after an earlier reading."""
        return LatencyReading(
            _since(self.waiting, earlier.waiting), _since(self.computing, earlier.computing)
        )


def read_latency(metrics: Iterable[Metric]) -> LatencyReading:
    """Of all metrics of the box."""
    found: dict[str, dict[ModelKey, Histogram]] = {WAITING: {}, COMPUTING: {}}
    for metric in metrics:
        if metric.name not in found:
            continue
        of_metric = found[metric.name]
        for sample in metric.samples:
            if sample.name.endswith("_bucket"):
                key = sample.labels["model"], sample.labels["version"]
                bucket = Histogram({float(sample.labels["le"]): sample.value})
                of_metric[key] = of_metric.get(key, _NOTHING).plus(bucket)
    return LatencyReading(found[WAITING], found[COMPUTING])


def _since(
    now: Mapping[ModelKey, Histogram], earlier: Mapping[ModelKey, Histogram]
) -> dict[ModelKey, Histogram]:
    return {key: each.since(earlier.get(key, _NOTHING)) for key, each in now.items()}
