"""First inferences of a compiled model, of zeros: they warm it up and show how it behaves."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from serving.domain.tensor import Datatype, Tensor, TensorSpec
from serving.engine.frames import Frames
from serving.engine.runner import Runner, fresh_tensor
from serving.engine.slot_loan import Turn, no_turn

_PATTERNS = (0x00, 0xFF)


def find_written(runner: Runner, inputs: Sequence[Tensor], turn: Turn) -> frozenset[int]:
    """Positions of the outputs that OpenVINO writes into the tensors it is given.

    An output that is nothing but an input (in the model as written, or once optimised) is not
    written at all (2026.4, CPU): the tensor keeps whatever was in memory, maybe another
    patient's. So the model runs into tensors filled with one pattern, then another; where the
    pattern survives both times nothing was written. The runner, made with no output written, is
    of no further use. Raises RuntimeError where zeros do not run.
    """
    outputs = runner.outputs
    candidates = [n for n, spec in enumerate(outputs) if spec.datatype is not Datatype.BYTES]
    untouched = set(candidates)
    for pattern in _PATTERNS:
        runner.prepare(inputs)
        for index in candidates:
            tensor = fresh_tensor(outputs[index])
            tensor.data.reshape(-1).view(np.uint8)[...] = pattern
            runner.give(index, tensor)
        with turn():
            runner.run_on_stream()
        for index, tensor in enumerate(runner.collect(candidates)):
            if not (tensor.array.reshape(-1).view(np.uint8) == pattern).all():
                untouched.discard(candidates[index])
    return frozenset(candidates) - untouched


def run_timed(runner: Runner, inputs: Sequence[Tensor], turn: Turn = no_turn) -> float:
    """Seconds that an inference takes, in its turn. Raises RuntimeError where it fails."""
    runner.prepare(inputs)
    with turn():
        started_s = time.perf_counter()
        runner.run_on_stream()
        duration_s = time.perf_counter() - started_s
    runner.collect(())
    return duration_s


def samples(specs: Sequence[TensorSpec], frames: Frames) -> list[list[Tensor]]:
    """Inputs of zeros in every size that the model is made for, the largest first."""
    shapes = [frames.shapes(spec) for spec in specs]
    count = max((len(each) for each in shapes), default=1)
    return [
        [
            _zeros(spec, each[min(n, len(each) - 1)])
            for spec, each in zip(specs, shapes, strict=True)
        ]
        for n in range(count)
    ]


def _zeros(spec: TensorSpec, shape: tuple[int, ...]) -> Tensor:
    """Zeros (BYTES: empty) for an input."""
    if spec.datatype is Datatype.BYTES:
        return Tensor(spec.name, spec.datatype, np.full(shape, b"", dtype=object))
    return Tensor(spec.name, spec.datatype, np.zeros(shape, dtype=spec.datatype.numpy))
