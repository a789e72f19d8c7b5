"""Tensors over lent memory: what OpenVINO sees, and what it must never touch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from serving.domain.errors import CorruptModel
from serving.domain.tensor import Datatype
from serving.engine.datatypes import to_array, to_datatype, to_openvino, to_tensor
from serving.engine.runtime import ov

op = ov.opset13


def constant(values: Any, kind: type = np.int64) -> Any:
    return op.constant(np.array(values, kind))


SEVENS = np.full((1, 16), 7, np.float32)
IN_PLACE: dict[str, Callable[[Any], Any]] = {
    "relu": op.relu,
    "chain": lambda x: op.sigmoid(op.add(op.relu(x), constant(1, np.float32))),
    "reshape": lambda x: op.relu(op.reshape(x, constant([2, 32]), False)),
    "split": lambda x: op.concat([op.relu(o) for o in op.split(x, constant(1), 2).outputs()], 1),
    "scatter": lambda x: op.scatter_update(x, constant([0]), op.constant(SEVENS), constant(0)),
    "scatter_nd": lambda x: op.scatter_nd_update(x, constant([[1]]), op.constant(SEVENS)),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_openvino_never_writes_to_lent_inputs(name: str) -> None:
    """A client's message is lent as it is; these operators could work in place and must not."""
    x = op.parameter([4, 16], ov.Type.f32, name="x")
    model = ov.Model([op.result(IN_PLACE[name](x))], [x], name)
    request = ov.Core().compile_model(model, "CPU").create_infer_request()
    before = np.random.default_rng(5).standard_normal((4, 16)).astype(np.float32)
    message = before.tobytes()
    lent = np.frombuffer(message, np.float32).reshape(4, 16)
    for _ in range(3):
        request.set_input_tensor(0, to_tensor(lent, Datatype.FP32))
        request.infer()
    assert message == before.tobytes()


def test_a_readonly_array_is_lent_and_a_strided_one_copied() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    array.flags.writeable = False
    lent = to_tensor(array, Datatype.FP32)
    assert lent.data.ctypes.data == array.ctypes.data
    assert not array.flags.writeable
    turned = to_tensor(array.T, Datatype.FP32)
    np.testing.assert_array_equal(turned.data, array.T)


@pytest.mark.parametrize("datatype", Datatype)
def test_scalars_and_empty_tensors_of_every_datatype(datatype: Datatype) -> None:
    for shape in ((), (0, 3), (1,)):
        array = np.full(shape, b"abc") if datatype is Datatype.BYTES else np.ones(shape)
        array = array.astype(datatype.numpy)
        tensor = to_tensor(array, datatype)
        assert tensor.get_element_type() == to_openvino(datatype)
        assert tuple(tensor.shape) == shape
        np.testing.assert_array_equal(to_array(tensor, datatype), array)


def test_types_outside_the_protocol_are_refused() -> None:
    with pytest.raises(CorruptModel, match="u4"):
        to_datatype(ov.Type.u4)
    assert all(to_datatype(to_openvino(datatype)) is datatype for datatype in Datatype)
