"""Requests that do not fit the model are refused with what was expected and what came."""

from __future__ import annotations

import numpy as np
import pytest

from serving.domain.errors import InvalidRequest
from serving.domain.tensor import Datatype, Tensor, TensorSpec
from serving.engine.validation import order_inputs, select_outputs

SPECS = (
    TensorSpec("image", Datatype.FP32, (-1, 2, 3)),
    TensorSpec("scale", Datatype.INT64, ()),
)


def tensor(name: str, shape: tuple[int, ...], datatype: Datatype = Datatype.FP32) -> Tensor:
    return Tensor(name, datatype, np.zeros(shape, datatype.numpy))


IMAGE = tensor("image", (5, 2, 3))
SCALE = tensor("scale", (), Datatype.INT64)


def test_inputs_are_put_in_the_models_order() -> None:
    assert order_inputs(SPECS, (SCALE, IMAGE)) == (IMAGE, SCALE)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ((IMAGE,), "takes inputs image, scale.*misses scale"),
        ((IMAGE, SCALE, tensor("mask", (1,))), "takes inputs image, scale.*has 3"),
        ((IMAGE, tensor("mask", ())), "misses scale"),
        ((IMAGE, SCALE, SCALE), "repeats"),
        ((tensor("image", (5, 2, 3), Datatype.FP16), SCALE), "image is FP32; FP16 came"),
        ((tensor("image", (5, 2, 4)), SCALE), r"\[-1, 2, 3\] .*; \[5, 2, 4\] came"),
        ((tensor("image", (2, 3)), SCALE), r"\[2, 3\] came"),
        ((IMAGE, tensor("scale", (1,), Datatype.INT64)), r"shape \[\] .*; \[1\] came"),
    ],
)
def test_what_does_not_fit_is_said(inputs: tuple[Tensor, ...], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        order_inputs(SPECS, inputs)


def test_what_a_client_named_is_not_repeated() -> None:
    secret = tensor("DOE^JANE", (1,))
    with pytest.raises(InvalidRequest) as caught:
        order_inputs(SPECS, (IMAGE, SCALE, secret))
    assert "DOE" not in caught.value.message


def test_outputs_are_chosen_by_name() -> None:
    assert select_outputs(SPECS, ()) == (0, 1)
    assert select_outputs(SPECS, ("scale", "image")) == (1, 0)
    with pytest.raises(InvalidRequest, match="image, scale"):
        select_outputs(SPECS, ("mask",))
    with pytest.raises(InvalidRequest, match="repeats"):
        select_outputs(SPECS, ("scale", "scale"))
