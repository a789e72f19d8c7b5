"""One request on its way through the engine."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from serving.domain.errors import AiboxError
from serving.domain.inference import InferenceRequest
from serving.domain.tensor import Tensor
from serving.engine.compiled_model import CompiledModel
from serving.engine.runner import Runner


@dataclass(slots=True, weakref_slot=True, eq=False)
class Work:
    """A checked request with its tensors in the model's order; times are monotonic seconds."""

    model: CompiledModel
    request: InferenceRequest
    inputs: tuple[Tensor, ...]
    wanted: tuple[int, ...]
    ended: asyncio.Future[None]
    entered_s: float
    payload_bytes: int
    started_s: float = 0.0
    inferring_s: float = 0.0
    runner: Runner | None = None
    watch: asyncio.TimerHandle | None = None
    """The next look at whether the inference has failed."""
    outputs: tuple[Tensor, ...] = ()
    parts_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Durations of input, inference and output."""

    def succeed(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def fail(self, error: AiboxError) -> None:
        if not self.ended.done():
            self.ended.set_exception(error)

    def unwatch(self) -> None:
        """Ends the looks; a timer left behind would keep the model a little longer."""
        if self.watch is not None:
            self.watch.cancel()
            self.watch = None
