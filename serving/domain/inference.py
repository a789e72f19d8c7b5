"""One inference: what is asked, what is answered, what is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from serving.domain.lane import Lane
from serving.domain.tensor import Tensor, TensorSpec

Version = int | str | None
"""Which version is meant: its number, a label on it, None: the one labelled `stable`."""


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """A call of one model; `deadline_s` is on the clock of `time.monotonic()`.

    A `pinned` one belongs to a job that was accepted under an earlier model set: its version
    answers though it may serve no longer.
    """

    model_name: str
    inputs: tuple[Tensor, ...]
    model_version: Version = None
    outputs: tuple[str, ...] = ()
    """Names of the outputs wanted; empty means all, in the model's order."""
    lane: Lane = Lane.ROUTINE
    deadline_s: float | None = None
    precision: str | None = None
    request_id: str = ""
    pinned: bool = False

    @property
    def payload_bytes(self) -> int:
        return sum(t.array.nbytes for t in self.inputs)


@dataclass(frozen=True, slots=True)
class InferenceResponse:
    """The answer of one model; `queue_s` and `compute_s` are durations."""

    model_name: str
    model_version: int
    precision: str
    outputs: tuple[Tensor, ...]
    queue_s: float
    compute_s: float


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A served model version as it was really compiled."""

    name: str
    version: int
    digest: str
    """sha256 over the manifest's file digests; names the exact model."""
    precision: str
    """The variant: fp32, bf16, int8."""
    effective_precision: str
    """INFERENCE_PRECISION_HINT as read back from the compiled model."""
    streams: int
    threads: int
    loaded_from_cache: bool
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    ready: bool = True


@dataclass(slots=True)
class DurationCount:
    """A count of events and their summed duration (Open Inference Protocol: StatisticDuration)."""

    count: int = 0
    ns: int = 0

    def add(self, duration_s: float) -> None:
        self.count += 1
        self.ns += int(duration_s * 1e9)


@dataclass(slots=True)
class ModelStatistics:
    """Counters of one model version since this replica loaded it."""

    name: str
    version: int
    inference_count: int = 0
    """Inferences, counting each element of a batch."""
    execution_count: int = 0
    last_inference_ms: int = 0
    """Milliseconds since the epoch."""
    success: DurationCount = field(default_factory=DurationCount)
    fail: DurationCount = field(default_factory=DurationCount)
    queue: DurationCount = field(default_factory=DurationCount)
    compute_input: DurationCount = field(default_factory=DurationCount)
    compute_infer: DurationCount = field(default_factory=DurationCount)
    compute_output: DurationCount = field(default_factory=DurationCount)


class InferenceBackend(Protocol):
    """What the gRPC side needs of the engine.

    Raises InvalidRequest, ModelNotFound, ModelNotReady, Overloaded, DeadlineExceeded.
    """

    async def infer(self, request: InferenceRequest) -> InferenceResponse: ...

    def status(
        self, name: str, version: Version = None, precision: str | None = None
    ) -> ModelStatus:
        """The version that would answer. Raises ModelNotFound."""
        ...

    def statuses(self) -> Sequence[ModelStatus]:
        """Every served version in its default precision, by name and version."""
        ...

    def statistics(self, name: str = "", version: Version = None) -> Sequence[ModelStatistics]:
        """Counters of the models that match; an empty name means all. Raises ModelNotFound."""
        ...

    def queue_length(self) -> int:
        """Requests waiting or running now."""
        ...
