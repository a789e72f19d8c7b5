"""numpy arrays to and from the Open Inference Protocol's raw contents."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from inference import grpc_service_pb2 as oip

from serving.domain.errors import InvalidRequest
from serving.domain.tensor import AnyArray, Datatype

_WIDER_BY_BITS = np.uint32(16)
_LENGTH = struct.Struct("<I")
_DATATYPES: dict[np.dtype[Any], Datatype] = {
    datatype.numpy: datatype
    for datatype in Datatype
    if datatype not in (Datatype.BF16, Datatype.BYTES)
}


def add_inputs(request: oip.ModelInferRequest, inputs: Mapping[str, AnyArray]) -> None:
    """Puts arrays into a request as they are. Raises InvalidRequest for types without a name."""
    for name, array in inputs.items():
        datatype = _datatype(name, array)
        request.inputs.add(name=name, datatype=datatype.value, shape=array.shape)
        request.raw_input_contents.append(_to_bytes(array, datatype))


def read_outputs(response: oip.ModelInferResponse) -> dict[str, AnyArray]:
    """Arrays by output name, in the model's order; BF16 comes as float32."""
    pairs = zip(response.outputs, response.raw_output_contents, strict=True)
    return {
        out.name: _from_bytes(raw, Datatype(out.datatype), tuple(out.shape)) for out, raw in pairs
    }


def _datatype(name: str, array: AnyArray) -> Datatype:
    if array.dtype.kind in "OSU":
        return Datatype.BYTES
    found = _DATATYPES.get(array.dtype.newbyteorder("<"))
    if found is None:
        raise InvalidRequest(
            f"input {name} is {array.dtype}; known are {', '.join(str(d) for d in _DATATYPES)}"
        )
    return found


def _to_bytes(array: AnyArray, datatype: Datatype) -> bytes:
    if datatype is not Datatype.BYTES:
        return np.ascontiguousarray(array, dtype=datatype.numpy).tobytes()
    elements = [e.encode() if isinstance(e, str) else bytes(e) for e in array.ravel()]
    return b"".join(_LENGTH.pack(len(element)) + element for element in elements)


def _from_bytes(raw: bytes, datatype: Datatype, shape: tuple[int, ...]) -> AnyArray:
    if datatype is Datatype.BYTES:
        elements = np.empty(len(parts := _split(raw)), dtype=object)
        elements[:] = parts
        return elements.reshape(shape)
    array = np.frombuffer(raw, dtype=datatype.numpy).reshape(shape)
    if datatype is Datatype.BF16:
        return (array.astype(np.uint32) << _WIDER_BY_BITS).view(np.float32)
    return array


def _split(raw: bytes) -> Sequence[bytes]:
    parts, position = [], 0
    while position < len(raw):
        end = position + _LENGTH.size + _LENGTH.unpack_from(raw, position)[0]
        parts.append(raw[position + _LENGTH.size : end])
        position = end
    return parts
