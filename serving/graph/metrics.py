"""The replicas' counters in Prometheus's terms.

Every process writes to its own file under PROMETHEUS_MULTIPROC_DIR; the admin server adds them up.
Labels hold model names, never anything of a patient.
"""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import Counter, Gauge, Histogram

from serving.domain.inference import InferenceResponse
from serving.domain.lane import Lane

_MODEL = ("model", "version", "precision")
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REQUESTS = Counter("aibox_requests_total", "Inferences answered.", (*_MODEL, "lane"))
ERRORS = Counter("aibox_errors_total", "Inferences refused or failed.", ("model", "kind", "lane"))
QUEUE_WAIT = Histogram(
    "aibox_queue_wait_seconds", "Time from arrival to a slot.", (*_MODEL, "lane"), buckets=_SECONDS
)
INFERENCE = Histogram(
    "aibox_inference_seconds", "Time in OpenVINO.", (*_MODEL, "lane"), buckets=_SECONDS
)
QUEUED = Gauge("aibox_queue_requests", "Requests waiting.", multiprocess_mode="livesum")
QUEUED_BYTES = Gauge("aibox_queue_bytes", "Bytes waiting.", multiprocess_mode="livesum")
BUSY = Gauge("aibox_slots_busy", "Slots that compute now.", multiprocess_mode="livesum")
SLOTS = Gauge("aibox_slots", "Slots of all replicas.", multiprocess_mode="livesum")


class PrometheusObserver:
    """An InferenceObserver (domain) that counts for `/metrics`."""

    def __init__(self, on_load: Callable[[], None] = lambda: None) -> None:
        """`on_load` is called after each change of the load."""
        self.on_load = on_load

    def answered(self, lane: Lane, response: InferenceResponse) -> None:
        """Counts an answer and its times."""
        labels = (
            response.model_name,
            str(response.model_version),
            response.precision,
            lane.label,
        )
        REQUESTS.labels(*labels).inc()
        QUEUE_WAIT.labels(*labels).observe(response.queue_s)
        INFERENCE.labels(*labels).observe(response.compute_s)

    def refused(self, lane: Lane, model_name: str, error_kind: str) -> None:
        """Counts a refusal by the kind of its error."""
        ERRORS.labels(model_name, error_kind, lane.label).inc()

    def load_changed(self, queued: int, queued_bytes: int, busy_slots: int, slots: int) -> None:
        """Shows the load as it is now."""
        QUEUED.set(queued)
        QUEUED_BYTES.set(queued_bytes)
        BUSY.set(busy_slots)
        SLOTS.set(slots)
        self.on_load()
