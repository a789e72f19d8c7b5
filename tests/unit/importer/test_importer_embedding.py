"""Preprocessing that is built into a graph does what its numpy twin does."""

from __future__ import annotations

import numpy as np
import openvino as ov
import pytest
from pydantic import ValidationError

from provisioning.importer.embed_graph import embed
from provisioning.importer.embedding import Embedding
from serving.domain.errors import InvalidRequest
from serving.domain.tensor import Datatype

CASES = (
    Embedding(datatype=Datatype.INT16, window_hu=(-1000.0, 400.0)),
    Embedding(datatype=Datatype.UINT8, mean=(1.0, 2.0, 3.0), scale=(4.0, 5.0, 6.0)),
    Embedding(datatype=Datatype.UINT8, sent="NHWC", mean=(127.5,), scale=(127.5,)),
    Embedding(datatype=Datatype.INT16, sent="NHWC", window_hu=(-160.0, 240.0), mean=(40.0,)),
    Embedding(window_hu=(0.0, 10.0)),
)


def copying_model() -> ov.Model:
    """Gives back its input, float32 (1, 3, 4, 5)."""
    x = ov.opset13.parameter([1, 3, 4, 5], ov.Type.f32, name="x")
    x.output(0).get_tensor().set_names({"x"})
    return ov.Model([ov.opset13.multiply(x, np.float32(1))], [x], "copying")


@pytest.mark.parametrize("embedding", CASES)
def test_graph_and_numpy_agree(embedding: Embedding) -> None:
    compiled = ov.Core().compile_model(embed(copying_model(), embedding), "CPU")
    shape = (1, 4, 5, 3) if embedding.sent else (1, 3, 4, 5)
    kind = embedding.datatype.numpy if embedding.datatype else np.dtype(np.float32)
    low, high = (0, 255) if kind == np.uint8 else (-2000, 2000)
    sent = np.random.default_rng(1).integers(low, high, shape).astype(kind)
    np.testing.assert_allclose(compiled(sent)[0], embedding.apply(sent), rtol=1e-5, atol=1e-5)


def test_a_window_alone_maps_its_ends_to_0_and_1() -> None:
    values = np.array([[-2000, -1000, -300, 400, 3000]], np.int16)
    seen = Embedding(datatype=Datatype.INT16, window_hu=(-1000.0, 400.0)).apply(values)
    np.testing.assert_allclose(seen, [[0, 0, 0.5, 1, 1]])


@pytest.mark.parametrize(
    "fields",
    [
        {"window_hu": (400.0, -1000.0)},
        {"scale": (0.0,)},
        {"mean": (float("nan"),)},
        {"sent": "NHW"},
        {"datatype": "FP32"},
    ],
)
def test_nonsense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Embedding.model_validate(fields)


def test_channels_that_the_model_lacks_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="does not fit"):
        embed(copying_model(), Embedding(mean=(1.0, 2.0)))
    with pytest.raises(InvalidRequest, match="no input y"):
        embed(copying_model(), Embedding(input="y", mean=(1.0,)))
