"""An InferenceBackend over plain numpy functions: real values, no OpenVINO, no queue."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from serving.domain.errors import (
    AiboxError,
    DeadlineExceeded,
    InvalidRequest,
    ModelNotFound,
    ModelNotReady,
    Overloaded,
)
from serving.domain.inference import (
    InferenceRequest,
    InferenceResponse,
    ModelStatistics,
    ModelStatus,
)
from serving.domain.tensor import Datatype, Tensor, TensorSpec

Function = Callable[[tuple[Tensor, ...]], tuple[Tensor, ...]]

PLANTED = "PLANTED^PATIENT"
"""Raised inside an exception's text; must never be seen outside."""


@dataclass
class NumpyModel:
    """One model version: what it declares and what it computes."""

    status: ModelStatus
    function: Function
    error: Exception | None = None
    delay_s: float = 0.0
    statistics: ModelStatistics = field(init=False)

    def __post_init__(self) -> None:
        self.statistics = ModelStatistics(self.status.name, self.status.version)


def status(
    name: str,
    version: int,
    inputs: tuple[TensorSpec, ...],
    outputs: tuple[TensorSpec, ...],
    *,
    ready: bool = True,
) -> ModelStatus:
    return ModelStatus(
        name=name,
        version=version,
        digest="0" * 64,
        precision="fp32",
        effective_precision="f32",
        streams=1,
        threads=1,
        loaded_from_cache=False,
        inputs=inputs,
        outputs=outputs,
        ready=ready,
    )


def identity(datatype: Datatype) -> NumpyModel:
    """`OUT` is `IN`, any shape."""
    spec = TensorSpec("IN", datatype, (-1,))
    declared = status(
        f"identity_{datatype.value.lower()}", 1, (spec,), (TensorSpec("OUT", datatype, (-1,)),)
    )
    return NumpyModel(declared, lambda inputs: (Tensor("OUT", datatype, inputs[0].array),))


def add_sub(version: int) -> NumpyModel:
    """SUM and DIFFERENCE of A and B; version 2 doubles both."""

    def compute(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        a, b = (tensor.array for tensor in inputs)
        return (
            Tensor("SUM", Datatype.FP32, (a + b) * version),
            Tensor("DIFFERENCE", Datatype.FP32, (a - b) * version),
        )

    ins = (TensorSpec("A", Datatype.FP32, (-1, 4)), TensorSpec("B", Datatype.FP32, (-1, 4)))
    outs = tuple(TensorSpec(name, Datatype.FP32, (-1, 4)) for name in ("SUM", "DIFFERENCE"))
    return NumpyModel(status("add_sub", version, ins, outs), compute)


def failing(name: str, error: Exception) -> NumpyModel:
    model = identity(Datatype.FP32)
    declared = status(name, 1, model.status.inputs, model.status.outputs)
    return NumpyModel(declared, model.function, error=error)


def slow(delay_s: float) -> NumpyModel:
    model = identity(Datatype.FP32)
    declared = status("slow", 1, model.status.inputs, model.status.outputs)
    return NumpyModel(declared, model.function, delay_s=delay_s)


def example_models() -> list[NumpyModel]:
    return [
        add_sub(1),
        add_sub(2),
        *(identity(datatype) for datatype in Datatype),
        slow(0.2),
        failing("crashing", RuntimeError(f"bad value {PLANTED}")),
        failing("loading", ModelNotReady("the model is loading")),
        failing("crowded", Overloaded("the queue is full; try again later")),
    ]


class NumpyBackend:
    """Serves `models`, as many at once as come."""

    def __init__(self, models: Sequence[NumpyModel] | None = None) -> None:
        chosen = example_models() if models is None else models
        self._models = {(m.status.name, m.status.version): m for m in chosen}
        self._running = 0
        self.seen: deque[InferenceRequest] = deque(maxlen=16)

    async def infer(self, request: InferenceRequest) -> InferenceResponse:
        model = self._find(request.model_name, request.model_version)
        self.seen.append(request)
        self._running += 1
        started_s = time.perf_counter()
        try:
            outputs = await self._run(model, request)
        except AiboxError:
            model.statistics.fail.add(time.perf_counter() - started_s)
            raise
        finally:
            self._running -= 1
        model.statistics.success.add(time.perf_counter() - started_s)
        model.statistics.inference_count += 1
        model.statistics.execution_count += 1
        model.statistics.last_inference_ms = int(time.time() * 1000)
        return InferenceResponse(request.model_name, model.status.version, "fp32", outputs, 0, 0)

    def status(
        self, name: str, version: int | None = None, precision: str | None = None
    ) -> ModelStatus:
        return self._find(name, version).status

    def statuses(self) -> Sequence[ModelStatus]:
        return [self._models[key].status for key in sorted(self._models)]

    def statistics(self, name: str = "", version: int | None = None) -> Sequence[ModelStatistics]:
        if name:
            self._find(name, version)
        return [
            model.statistics
            for key, model in sorted(self._models.items())
            if (not name or key[0] == name) and version in (None, key[1])
        ]

    def queue_length(self) -> int:
        return self._running

    async def _run(self, model: NumpyModel, request: InferenceRequest) -> tuple[Tensor, ...]:
        if request.deadline_s is not None and request.deadline_s <= time.monotonic():
            raise DeadlineExceeded("the deadline passed before the work began")
        if model.error is not None:
            raise model.error
        _check(model.status.inputs, request.inputs)
        if model.delay_s:
            await asyncio.sleep(model.delay_s)
        outputs = model.function(request.inputs)
        return tuple(t for t in outputs if not request.outputs or t.name in request.outputs)

    def _find(self, name: str, version: int | None) -> NumpyModel:
        versions = [v for n, v in self._models if n == name]
        if not versions or (version is not None and version not in versions):
            raise ModelNotFound("no such model or version is served here")
        return self._models[name, version or max(versions)]


def _check(specs: tuple[TensorSpec, ...], tensors: tuple[Tensor, ...]) -> None:
    came = [(tensor.name, tensor.datatype) for tensor in tensors]
    wanted = [(spec.name, spec.datatype) for spec in specs]
    if came != wanted:
        raise InvalidRequest(f"inputs {wanted} are expected; others came")
    for spec, tensor in zip(specs, tensors, strict=True):
        if len(spec.shape) > 1 and tensor.array.shape[1:] != spec.shape[1:]:
            raise InvalidRequest(f"{spec.name} has the shape {list(spec.shape)}; another came")
