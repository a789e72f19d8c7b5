"""Counts what was asked of each model version since it was loaded."""

from __future__ import annotations

import time
from collections.abc import Sequence

from serving.domain.inference import InferenceRequest, ModelStatistics, ModelStatus


class Tally:
    """Counters by model name and version, all precisions together; for one thread.

    Only versions that are open are counted: a request that outlives its model makes no new ones.
    """

    def __init__(self) -> None:
        self._counters: dict[tuple[str, int], ModelStatistics] = {}

    def open(self, name: str, version: int) -> None:
        """Counts a version from zero."""
        self._counters[name, version] = ModelStatistics(name, version)

    def close(self, name: str, version: int) -> None:
        """Forgets a version."""
        self._counters.pop((name, version), None)

    def select(self, name: str, version: int | None) -> Sequence[ModelStatistics]:
        """By name and version; an empty name and None mean all."""
        return [
            self._counters[key]
            for key in sorted(self._counters)
            if name in ("", key[0]) and version in (None, key[1])
        ]

    def succeeded(
        self,
        status: ModelStatus,
        request: InferenceRequest,
        queue_s: float,
        parts_s: tuple[float, float, float],
    ) -> None:
        """One answered request; `parts_s` are input, inference and output."""
        counted = self._counters.get((status.name, status.version))
        if counted is None:
            return
        counted.inference_count += _elements(status, request)
        counted.execution_count += 1
        counted.last_inference_ms = time.time_ns() // 1_000_000
        counted.success.add(queue_s + sum(parts_s))
        counted.queue.add(queue_s)
        counted.compute_input.add(parts_s[0])
        counted.compute_infer.add(parts_s[1])
        counted.compute_output.add(parts_s[2])

    def failed(self, status: ModelStatus, duration_s: float) -> None:
        counted = self._counters.get((status.name, status.version))
        if counted is not None:
            counted.fail.add(duration_s)


def _elements(status: ModelStatus, request: InferenceRequest) -> int:
    """A dynamic first dimension is a batch; one of fixed size is one inference, as declared."""
    first = status.inputs[0] if status.inputs else None
    if first is None or not first.shape or first.shape[0] != -1:
        return 1
    given = next(tensor for tensor in request.inputs if tensor.name == first.name)
    return int(given.array.shape[0])
