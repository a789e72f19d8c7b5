"""A whole stack of slices through one model, a few at a time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from serving.domain.errors import InvalidRequest, Overloaded
from serving.domain.inference import InferenceRequest, InferenceResponse, ModelStatus, Version
from serving.domain.lane import Lane
from serving.domain.tensor import Tensor, TensorSpec

_RETRY_S = 0.05
PATIENCE_S = 120.0
"""How long one slice of a study keeps asking a full queue before the study gives up."""


class StackEngine(Protocol):
    """The part of the engine that a stack needs."""

    @property
    def slots(self) -> int: ...

    async def prepare(
        self, name: str, version: Version, precision: str | None, *, pinned: bool = False
    ) -> ModelStatus: ...

    async def infer(self, request: InferenceRequest) -> InferenceResponse: ...


async def predict_stack(
    engine: StackEngine,
    model_name: str,
    slices: NDArray[Any],
    out: NDArray[np.float32],
    lane: Lane,
    precision: str | None = None,
    version: int | None = None,
) -> AsyncGenerator[int, None]:
    """Fills `out` (n, rows, columns) from `slices` (n, rows, columns); yields slices done so far.

    The model takes one input and gives one output of shape (n or 1, 1, rows, columns), one slice
    at a time. `2 * slots` slices are on their way at once: enough to keep every slot busy, and few
    enough for a STAT request to overtake between slices. All slices meet the same version, also
    where another takes its place meanwhile or before: a job keeps what it was accepted with. A
    full queue is asked again. Closing the iterator cancels what waits.

    Raises InvalidRequest for other shapes or datatypes, and whatever `engine.infer` raises.
    """
    status = await engine.prepare(model_name, version, precision, pinned=True)
    _check(status, slices, out)
    todo = iter(range(len(slices)))
    running: set[asyncio.Task[None]] = set()
    done_count = 0
    try:
        while True:
            for index in todo:
                call = _predict_slice(engine, status, slices[index], out[index], lane)
                running.add(asyncio.ensure_future(call))
                if len(running) >= 2 * engine.slots:
                    break
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            done_count += len(done)
            yield done_count
    finally:
        await _cancel(running)


async def _predict_slice(
    engine: StackEngine,
    status: ModelStatus,
    pixels: NDArray[Any],
    out: NDArray[np.float32],
    lane: Lane,
) -> None:
    spec = status.inputs[0]
    request = InferenceRequest(
        model_name=status.name,
        inputs=(Tensor(spec.name, spec.datatype, pixels[np.newaxis, np.newaxis]),),
        model_version=status.version,
        lane=lane,
        precision=status.precision,
        pinned=True,
    )
    response = await _infer_patiently(engine, request)
    out[...] = response.outputs[0].array[0, 0]


async def _infer_patiently(engine: StackEngine, request: InferenceRequest) -> InferenceResponse:
    give_up_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await engine.infer(request)
        except Overloaded:
            if time.monotonic() >= give_up_s:
                raise
        await asyncio.sleep(_RETRY_S)


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


def _check(status: ModelStatus, slices: NDArray[Any], out: NDArray[np.float32]) -> None:
    if len(status.inputs) != 1 or len(status.outputs) != 1:
        raise InvalidRequest(
            f"a stack needs a model of one input and one output; {status.name} has "
            f"{len(status.inputs)} and {len(status.outputs)}"
        )
    if slices.ndim != 3 or out.shape != slices.shape:
        raise InvalidRequest(
            f"slices and result are (n, rows, columns) alike; "
            f"{list(slices.shape)} and {list(out.shape)} came"
        )
    for spec, array in ((status.inputs[0], slices), (status.outputs[0], out)):
        _check_spec(status.name, spec, array)


def _check_spec(model_name: str, spec: TensorSpec, array: NDArray[Any]) -> None:
    single = (1, 1, *array.shape[1:])
    fits = len(spec.shape) == 4 and all(
        size in (-1, came) for size, came in zip(spec.shape, single, strict=True)
    )
    if not fits or array.dtype != spec.datatype.numpy:
        raise InvalidRequest(
            f"{spec.name} of model {model_name} is {spec.datatype.value} {list(spec.shape)}; "
            f"slices of {array.dtype} {list(single)} came"
        )
