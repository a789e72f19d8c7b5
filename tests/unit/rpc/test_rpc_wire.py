"""The zero-copy codec against protobuf's own parser and serialiser."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from inference.grpc_service_pb2 import (
    ModelInferRequest,
    ModelInferResponse,
    ModelStreamInferResponse,
)

from serving.domain.errors import InvalidRequest
from serving.rpc.wire import MAX_FIELDS, decode_request, encode_response

texts = st.text(max_size=20)
contents = st.lists(st.binary(max_size=300), max_size=5)


@st.composite
def requests(draw: st.DrawFn) -> ModelInferRequest:
    request = ModelInferRequest(model_name=draw(texts), model_version=draw(texts), id=draw(texts))
    for name in draw(st.lists(texts, max_size=3)):
        request.parameters[name].int64_param = draw(st.integers(-(2**63), 2**63 - 1))
    for name in draw(st.lists(texts, max_size=3)):
        shape = draw(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4))
        tensor = request.inputs.add(name=name, datatype=draw(texts), shape=shape)
        if draw(st.booleans()):
            tensor.contents.fp32_contents.extend(draw(st.lists(st.floats(width=32), max_size=9)))
    for name in draw(st.lists(texts, max_size=2)):
        request.outputs.add(name=name)
    request.raw_input_contents.extend(draw(contents))
    return request


def whole(data: bytes) -> ModelInferRequest:
    """What the codec read, as one message again."""
    wire = decode_request(data)
    message = ModelInferRequest()
    message.CopyFrom(wire.header)
    message.raw_input_contents.extend(bytes(view) for view in wire.raw_inputs)
    return message


def canonical(message: ModelInferRequest) -> bytes:
    """Equal for equal messages, NaN included."""
    return message.SerializeToString(deterministic=True)


@given(requests())
def test_decoding_equals_protobufs(request_: ModelInferRequest) -> None:
    data = request_.SerializeToString()
    assert canonical(whole(data)) == canonical(ModelInferRequest.FromString(data))


@given(st.lists(requests(), min_size=2, max_size=3))
def test_fields_in_any_order(parts: list[ModelInferRequest]) -> None:
    """Serialised messages one after another are one message (protobuf, "Last One Wins")."""
    data = b"".join(part.SerializeToString() for part in parts)
    assert canonical(whole(data)) == canonical(ModelInferRequest.FromString(data))


@given(requests(), st.data())
def test_truncation_is_refused_as_protobuf_does(
    request_: ModelInferRequest, data: st.DataObject
) -> None:
    serialised = request_.SerializeToString()
    cut = serialised[: data.draw(st.integers(0, len(serialised)))]
    try:
        expected = ModelInferRequest.FromString(cut)
    except DecodeError:
        with pytest.raises(InvalidRequest):
            decode_request(cut)
    else:
        assert canonical(whole(cut)) == canonical(expected)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_like_protobuf_or_refused(data: bytes) -> None:
    try:
        message = whole(data)
    except InvalidRequest:
        return
    assert canonical(message) == canonical(ModelInferRequest.FromString(data))


@pytest.mark.parametrize(
    "data",
    [
        b"\x3a",
        b"\x3a\x04abc",
        b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x80" * 11,
        b"\x3b",
        b"\x0a\xff\xff\xff\xff\x07abc",
        b"\x39abc",
    ],
)
def test_broken_encodings(data: bytes) -> None:
    with pytest.raises(InvalidRequest, match="truncated or malformed"):
        decode_request(data)


def test_millions_of_empty_fields_are_refused_early() -> None:
    with pytest.raises(InvalidRequest, match="at most"):
        decode_request(b"\x3a\x00" * (MAX_FIELDS + 1))


def test_raw_contents_are_views_of_the_received_bytes() -> None:
    payload = bytes(range(256)) * 16
    data = ModelInferRequest(raw_input_contents=[payload]).SerializeToString()
    view = decode_request(data).raw_inputs[0]
    assert view.obj is data
    assert view == payload


@given(texts, contents)
def test_encoding_equals_protobufs(name: str, buffers: list[bytes]) -> None:
    header = ModelInferResponse(model_name=name, model_version="3", id=name)
    for number, _ in enumerate(buffers):
        header.outputs.add(name=str(number), datatype="UINT8", shape=[1])
    joined = b"".join(encode_response(header, [memoryview(b) for b in buffers]))
    expected = ModelInferResponse()
    expected.CopyFrom(header)
    expected.raw_output_contents.extend(buffers)
    assert joined == expected.SerializeToString()


@given(contents)
def test_encoding_in_a_stream_equals_protobufs(buffers: list[bytes]) -> None:
    header = ModelInferResponse(model_name="m")
    joined = b"".join(encode_response(header, [memoryview(b) for b in buffers], stream=True))
    answer = ModelStreamInferResponse.FromString(joined)
    assert list(answer.infer_response.raw_output_contents) == buffers
    assert joined == answer.SerializeToString()


def test_arrays_of_any_shape_are_buffers() -> None:
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    empty = np.empty((0, 5), dtype=np.float16)
    joined = b"".join(encode_response(ModelInferResponse(), [array.data, empty.data]))
    answer = ModelInferResponse.FromString(joined)
    assert list(answer.raw_output_contents) == [array.tobytes(), b""]


@pytest.mark.parametrize("size", [0, 127, 128, 255, 256, 16_383, 16_384, 2_097_152])
@pytest.mark.parametrize("stream", [False, True])
def test_lengths_around_each_size_of_varint(size: int, stream: bool) -> None:
    buffer = bytes(size)
    joined = b"".join(encode_response(ModelInferResponse(), [memoryview(buffer)], stream=stream))
    answer = (
        ModelStreamInferResponse.FromString(joined).infer_response
        if stream
        else ModelInferResponse.FromString(joined)
    )
    assert answer.raw_output_contents[0] == buffer
    data = ModelInferRequest(raw_input_contents=[buffer]).SerializeToString()
    assert decode_request(data).raw_inputs[0] == buffer
