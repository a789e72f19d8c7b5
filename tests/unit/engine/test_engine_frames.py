"""Models whose rows and columns are dynamic: the sizes of their manifest, and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.domain.cpu_plan import NodePlan
from serving.domain.errors import InvalidRequest
from serving.domain.inference import InferenceRequest
from serving.domain.tensor import Datatype, Tensor, TensorSpec
from serving.engine.frames import Frames
from tests.unit.engine import tiny_models as tiny
from tests.unit.engine.test_engine_inference import running

FRAMES = "preprocessing = {rows = 16, columns = 16, frames = [[8, 12], [12, 12]]}\n"
HU = TensorSpec("hu", Datatype.INT16, (-1, 1, -1, -1))


def halving() -> Any:
    """Halves and doubles an image and adds it to itself, so that odd sizes fail, as in a U-Net."""
    x = tiny.parameter([-1, 1, -1, -1], Datatype.INT16, "hu")
    image = tiny.op.convert(x, "f32")
    half = tiny.op.max_pool(image, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2])
    scales = tiny.op.constant(np.array([2.0, 2.0], np.float32))
    axes = tiny.op.constant(np.array([2, 3]))
    double = tiny.op.interpolate(half.output(0), scales, "nearest", "scales", axes=axes)
    both = tiny.op.add(image, double, "none")
    return tiny.ov.Model([tiny.result(tiny.op.sigmoid(both), "probability")], [x], "halving")


def request(rows: int, columns: int, value: int = 3) -> InferenceRequest:
    pixels = np.full((1, 1, rows, columns), value, np.int16)
    return InferenceRequest("halving", (Tensor("hu", Datatype.INT16, pixels),))


def test_the_sizes_are_tried_from_the_largest_down() -> None:
    frames = Frames(((16, 16), (12, 12), (8, 12)))
    assert frames.shapes(HU) == ((1, 1, 16, 16), (1, 1, 12, 12), (1, 1, 8, 12))
    assert frames.shapes(TensorSpec("age", Datatype.FP32, (-1, 1))) == ((1, 1),)


async def test_every_size_named_is_served_and_others_are_refused(
    repository: Path, node: Callable[..., NodePlan]
) -> None:
    tiny.write_version(repository, "halving", halving(), extra=FRAMES)
    async with running(repository, node(streams=2)) as engine:
        assert engine.refused == ()
        for rows, columns in ((16, 16), (8, 12), (12, 12)):
            answer = (await engine.infer(request(rows, columns))).outputs[0].array
            assert answer.shape == (1, 1, rows, columns)
            assert answer == pytest.approx(1 / (1 + np.exp(-6.0)))
        with pytest.raises(InvalidRequest, match="16x16, 12x12, 8x12"):
            await engine.infer(request(9, 12))
        assert await engine.probe()
