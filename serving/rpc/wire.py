"""Bytes of `ModelInfer` messages, with tensors left where they are.

A ModelInferRequest is split at its top level (protobuf encoding, "Message Structure"): the
entries of `raw_input_contents` become views over the received bytes, everything else goes
through protobuf's own parser. A ModelInferResponse is the protobuf header followed by the
tensors' own buffers, joined once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from inference.grpc_service_pb2 import ModelInferRequest, ModelInferResponse

from serving.domain.errors import InvalidRequest

Part = bytes | memoryview
"""A piece of a message on its way out; pieces are joined when all are there."""

MAX_FIELDS = 16_384
"""Top-level fields of one request: a wall against messages made of millions of empty ones."""

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_RAW_INPUT_TAG = 7 << 3 | _LENGTH
_RAW_OUTPUT_TAG = bytes([6 << 3 | _LENGTH])
_STREAM_RESPONSE_TAG = bytes([2 << 3 | _LENGTH])


@dataclass(frozen=True, slots=True)
class WireRequest:
    """A request as it came: `header` without raw contents, `raw_inputs` views over the bytes."""

    header: ModelInferRequest
    raw_inputs: tuple[memoryview, ...]


def decode_request(data: bytes) -> WireRequest:
    """Splits a serialised ModelInferRequest without copying `raw_input_contents`.

    Raises InvalidRequest where the bytes are no such message.
    """
    header, raw_inputs = _split(data)
    try:
        return WireRequest(ModelInferRequest.FromString(header), tuple(raw_inputs))
    except DecodeError:
        raise _malformed() from None


def encode_response(
    header: ModelInferResponse, raw_outputs: Sequence[memoryview], *, stream: bool = False
) -> list[Part]:
    """The pieces of a serialised ModelInferResponse, for one join.

    `raw_outputs` are C-contiguous buffers in the order of `header.outputs`; with `stream` the
    pieces are those of a ModelStreamInferResponse that carries the response.
    """
    parts: list[Part] = [header.SerializeToString()]
    for buffer in raw_outputs:
        parts.append(_RAW_OUTPUT_TAG + _varint(buffer.nbytes))
        parts.append(buffer)
    return wrap_stream(parts) if stream else parts


def wrap_stream(parts: list[Part]) -> list[Part]:
    """The pieces of a ModelStreamInferResponse around those of a ModelInferResponse."""
    size = sum(len(part) if isinstance(part, bytes) else part.nbytes for part in parts)
    return [_STREAM_RESPONSE_TAG + _varint(size), *parts]


def _split(data: bytes) -> tuple[bytes, list[memoryview]]:
    """All bytes but the raw contents, and views of the raw contents."""
    view = memoryview(data)
    raw_inputs: list[memoryview] = []
    header: list[Part] = []
    position = kept_from = 0
    for _ in range(MAX_FIELDS):
        if position == len(data):
            header.append(view[kept_from:])
            return b"".join(header), raw_inputs
        start = position
        tag, position = _read_varint(data, position)
        end = _field_end(data, position, tag & 7)
        if tag == _RAW_INPUT_TAG:
            header.append(view[kept_from:start])
            raw_inputs.append(view[_read_varint(data, position)[1] : end])
            kept_from = end
        position = end
    raise InvalidRequest(f"a ModelInferRequest has at most {MAX_FIELDS} fields; more came")


def _field_end(data: bytes, position: int, wire_type: int) -> int:
    """Where the field ends whose value starts at `position`."""
    if wire_type == _LENGTH:
        length, position = _read_varint(data, position)
        end = position + length
    elif wire_type == _VARINT:
        end = _read_varint(data, position)[1]
    elif wire_type in (_FIXED32, _FIXED64):
        end = position + (4 if wire_type == _FIXED32 else 8)
    else:
        raise _malformed()
    if end > len(data):
        raise _malformed()
    return end


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    """The varint at `position` and where it ends; at most ten bytes and 64 bits."""
    value = 0
    for count, byte in enumerate(data[position : position + 10]):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, position + count + 1
    raise _malformed()


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _malformed() -> InvalidRequest:
    return InvalidRequest(
        "the bytes are not a ModelInferRequest of the Open Inference Protocol: a field is "
        "truncated or malformed"
    )
