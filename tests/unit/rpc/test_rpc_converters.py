"""Inference requests and responses between wire and domain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from inference.grpc_service_pb2 import ModelInferRequest, ModelInferResponse

from serving.domain.errors import InvalidRequest
from serving.domain.inference import InferenceRequest, InferenceResponse
from serving.domain.lane import Lane
from serving.domain.tensor import Datatype, Tensor
from serving.rpc.inference_converters import parse_version, request_from_wire, response_to_wire
from serving.rpc.typed_contents import FIELD_BY_DATATYPE
from serving.rpc.wire import decode_request

NUMBERS = [d for d in Datatype if d not in (Datatype.BYTES, Datatype.BOOL)]


def converted(message: ModelInferRequest, deadline_s: float | None = None) -> InferenceRequest:
    return request_from_wire(
        decode_request(message.SerializeToString()),
        now_s=100.0,
        deadline_s=deadline_s,
        request_id="r",
    )


def asking(
    datatype: str = "FP32", shape: tuple[int, ...] = (2,), raw: bytes | None = b"\0" * 8
) -> ModelInferRequest:
    message = ModelInferRequest(model_name="m")
    message.inputs.add(name="IN", datatype=datatype, shape=shape)
    if raw is not None:
        message.raw_input_contents.append(raw)
    return message


def typed(datatype: str, shape: tuple[int, ...], field: str, values: list[Any]) -> Any:
    message = asking(datatype, shape, None)
    getattr(message.inputs[0].contents, field).extend(values)
    return message


@given(st.data(), st.sampled_from(NUMBERS))
def test_raw_contents_of_every_number(data: st.DataObject, datatype: Datatype) -> None:
    array = data.draw(hnp.arrays(datatype.numpy, hnp.array_shapes(min_dims=0, min_side=0)))
    tensor = converted(asking(datatype, array.shape, array.tobytes())).inputs[0]
    assert tensor.datatype is datatype
    assert tensor.array.dtype == datatype.numpy
    assert tensor.array.shape == array.shape
    assert tensor.array.tobytes() == array.tobytes()


@given(st.data(), st.sampled_from([d for d in NUMBERS if d in FIELD_BY_DATATYPE]))
def test_typed_contents_of_every_number(data: st.DataObject, datatype: Datatype) -> None:
    array = data.draw(hnp.arrays(datatype.numpy, hnp.array_shapes(max_dims=3)))
    message = typed(datatype, array.shape, FIELD_BY_DATATYPE[datatype], array.ravel().tolist())
    tensor = converted(message).inputs[0]
    assert tensor.array.dtype == datatype.numpy
    np.testing.assert_array_equal(tensor.array, array)


@given(st.lists(st.binary(max_size=9), max_size=9))
def test_bytes_there_and_back(elements: list[bytes]) -> None:
    array = np.empty(len(elements), dtype=object)
    array[:] = elements
    response = InferenceResponse("m", 1, "fp32", (Tensor("OUT", Datatype.BYTES, array),), 0, 0)
    answer = ModelInferResponse.FromString(
        b"".join(response_to_wire(response, ModelInferRequest()))
    )
    again = asking("BYTES", (len(elements),), answer.raw_output_contents[0])
    assert list(converted(again).inputs[0].array) == elements
    by_field = typed("BYTES", (len(elements),), "bytes_contents", elements)
    assert list(converted(by_field).inputs[0].array) == elements


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (asking(raw=b"\0" * 7), "takes 8 bytes; 7 came"),
        (asking(shape=(3,)), "takes 12 bytes; 8 came"),
        (asking(shape=(-1,)), "0 or more"),
        (asking(shape=(2**40, 2**40)), "no request can hold"),
        (asking(shape=(0, 2**62), raw=b""), "no request can hold"),
        (asking(shape=(1,) * 40), "40 dimensions"),
        (asking("FLOAT"), "datatype of input 0 is none of BOOL"),
        (asking("BOOL", (2,), b"\0\2"), "bytes of 0 or 1"),
        (asking("BYTES", (1,), b"\5\0\0\0abc"), "before or after"),
        (asking("BYTES", (1,), b"\1\0\0\0ab"), "before or after"),
        (asking("BYTES", (2,), b"\1\0\0\0a"), "before or after"),
        (asking("BYTES", (2**21,), b""), "more than"),
        (asking("FP16", (1,), None), "raw_input_contents only"),
        (asking("BF16", (1,), None), "raw_input_contents only"),
        (asking("FP32", (1,), None), "takes 1 elements in fp32_contents; 0 came"),
        (typed("FP32", (1,), "int_contents", [1]), "sent in fp32_contents; int_contents came"),
        (typed("INT8", (1,), "int_contents", [128]), "-128 to 127"),
        (typed("UINT16", (1,), "uint_contents", [65536]), "0 to 65535"),
        (typed("FP32", (3,), "fp32_contents", [1.0]), "takes 3 elements"),
        (ModelInferRequest(), "model_name is empty"),
    ],
)
def test_refused_with_a_sentence(message: ModelInferRequest, sentence: str) -> None:
    with pytest.raises(InvalidRequest, match=sentence):
        converted(message)


def test_raw_and_typed_together_are_refused() -> None:
    message = typed("FP32", (1,), "fp32_contents", [1.0])
    message.raw_input_contents.append(b"\0" * 4)
    with pytest.raises(InvalidRequest, match="came together"):
        converted(message)


def test_raw_contents_need_one_entry_for_each_input() -> None:
    message = asking()
    message.raw_input_contents.append(b"")
    with pytest.raises(InvalidRequest, match="each of the 1 inputs; 2 came"):
        converted(message)


def test_raw_inputs_are_not_copied() -> None:
    data = asking().SerializeToString()
    request = request_from_wire(decode_request(data), now_s=0, deadline_s=None, request_id="")
    array = request.inputs[0].array
    start = np.frombuffer(data, dtype=np.uint8).ctypes.data
    assert start <= array.ctypes.data < start + len(data)


def test_a_scalar_output_keeps_its_shape() -> None:
    tensor = Tensor("OUT", Datatype.FP32, np.array(3.0, dtype=np.float32))
    answer = ModelInferResponse.FromString(
        b"".join(response_to_wire(InferenceResponse("m", 1, "fp32", (tensor,), 0, 0), asking()))
    )
    assert list(answer.outputs[0].shape) == []
    assert len(answer.raw_output_contents[0]) == 4


def test_an_output_in_another_memory_order_is_sent_row_major() -> None:
    array = np.arange(6, dtype=np.int16).reshape(2, 3)
    tensor = Tensor("OUT", Datatype.INT16, np.asfortranarray(array))
    answer = ModelInferResponse.FromString(
        b"".join(response_to_wire(InferenceResponse("m", 1, "fp32", (tensor,), 0, 0), asking()))
    )
    assert answer.raw_output_contents[0] == array.tobytes()


@pytest.mark.parametrize(
    ("field", "value", "lane"),
    [
        ("uint64_param", 1, Lane.STAT),
        ("uint64_param", 0, Lane.ROUTINE),
        ("int64_param", 2, Lane.ROUTINE),
        ("int64_param", 3, Lane.BATCH),
        ("string_param", "stat", Lane.STAT),
        ("string_param", "Batch", Lane.BATCH),
        ("string_param", "1", Lane.STAT),
    ],
)
def test_priority(field: str, value: int | str, lane: Lane) -> None:
    message = asking()
    setattr(message.parameters["priority"], field, value)
    assert converted(message).lane is lane


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("priority", "uint64_param", 4),
        ("priority", "double_param", 1.0),
        ("priority", "bool_param", True),
        ("timeout", "int64_param", -1),
        ("timeout", "string_param", "soon"),
        ("precision", "int64_param", 8),
        ("sequence_id", "int64_param", 5),
        ("sequence_id", "string_param", "s"),
        ("sequence_start", "bool_param", True),
        ("shared_memory_region", "string_param", "x"),
    ],
)
def test_parameters_refused(name: str, field: str, value: object) -> None:
    message = asking()
    setattr(message.parameters[name], field, value)
    with pytest.raises(InvalidRequest):
        converted(message)


def test_parameters_ignored() -> None:
    message = asking()
    message.parameters["binary_data_output"].bool_param = True
    message.parameters["sequence_id"].int64_param = 0
    message.inputs[0].parameters["binary_data_size"].int64_param = 8
    request = converted(message)
    assert (request.lane, request.deadline_s, request.precision) == (Lane.ROUTINE, None, None)


@pytest.mark.parametrize(
    ("timeout_us", "deadline_s", "expected"),
    [
        (2_000_000, None, 102.0),
        (2_000_000, 101.0, 101.0),
        (500_000, 101.0, 100.5),
        (0, 101.0, 101.0),
    ],
)
def test_the_sooner_of_timeout_and_deadline(
    timeout_us: int, deadline_s: float | None, expected: float
) -> None:
    message = asking()
    message.parameters["timeout"].int64_param = timeout_us
    assert converted(message, deadline_s).deadline_s == expected


def test_precision_outputs_and_request_id() -> None:
    message = asking()
    message.parameters["precision"].string_param = "BF16"
    message.outputs.add(name="B")
    message.outputs.add(name="A")
    message.model_version = "12"
    request = converted(message)
    assert (request.precision, request.outputs) == ("bf16", ("B", "A"))
    assert (request.model_version, request.request_id) == (12, "r")


def test_outputs_that_cannot_be() -> None:
    for name in ("classification", "shared_memory_region"):
        message = asking()
        message.outputs.add(name="A").parameters[name].int64_param = 1
        with pytest.raises(InvalidRequest):
            converted(message)


@pytest.mark.parametrize("text", ["-1", "1.0", " 1", "١", "9" * 40, "Latest", "a" * 65, "a/b"])
def test_versions_that_are_neither_numbers_nor_labels(text: str) -> None:
    with pytest.raises(InvalidRequest, match="whole number"):
        parse_version(text)


def test_versions() -> None:
    assert parse_version("") is None
    assert parse_version("canary") == "canary"
    assert parse_version("003") == 3
