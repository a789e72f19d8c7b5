"""Input tensors from the wire: raw contents as views, typed contents as arrays.

Raw contents are little-endian and row-major (Open Inference Protocol, "Raw tensor data");
arrays over them are read-only and may be unaligned.
"""

from __future__ import annotations

import struct

import numpy as np
from inference.grpc_service_pb2 import ModelInferRequest

from serving.domain.errors import InvalidRequest
from serving.domain.tensor import AnyArray, Datatype, Tensor
from serving.rpc.request_parameters import refuse_shared_memory
from serving.rpc.tensor_shape import checked_shape, element_count
from serving.rpc.typed_contents import typed_array

InputTensor = ModelInferRequest.InferInputTensor

MAX_BYTES_ELEMENTS = 1 << 20
"""Of one BYTES tensor: each becomes an object of its own."""

_LENGTH_PREFIX = struct.Struct("<I")


def decode_input(index: int, wire: InputTensor, raw: memoryview | None) -> Tensor:
    """The tensor of input `index`, from `raw` or, where that is None, from its typed contents.

    Raises InvalidRequest, naming the input by its position only.
    """
    where = f"input {index}"
    refuse_shared_memory(wire.parameters, where)
    datatype = parse_datatype(wire.datatype, where)
    shape = checked_shape(wire.shape, where)
    if datatype is Datatype.BYTES and element_count(shape) > MAX_BYTES_ELEMENTS:
        raise InvalidRequest(f"{where} has more than {MAX_BYTES_ELEMENTS} BYTES elements")
    if raw is None:
        array = typed_array(where, datatype, element_count(shape), wire.contents)
    else:
        array = _raw_array(where, datatype, shape, raw)
    return Tensor(wire.name, datatype, array.reshape(shape))


def parse_datatype(text: str, where: str) -> Datatype:
    """Raises InvalidRequest for a word that is none of the protocol's datatypes."""
    try:
        return Datatype(text)
    except ValueError:
        known = ", ".join(Datatype)
        raise InvalidRequest(f"the datatype of {where} is none of {known}") from None


def _raw_array(where: str, datatype: Datatype, shape: tuple[int, ...], raw: memoryview) -> AnyArray:
    count = element_count(shape)
    if datatype is Datatype.BYTES:
        return _bytes_array(where, count, raw)
    expected = count * datatype.numpy.itemsize
    if raw.nbytes != expected:
        raise InvalidRequest(
            f"{where}, {datatype} {list(shape)}, takes {expected} bytes; {raw.nbytes} came"
        )
    if datatype is Datatype.BOOL:
        return _bool_array(where, raw)
    return np.frombuffer(raw, dtype=datatype.numpy)


def _bool_array(where: str, raw: memoryview) -> AnyArray:
    octets = np.frombuffer(raw, dtype=np.uint8)
    if octets.size and octets.max() > 1:
        raise InvalidRequest(f"{where} is BOOL, bytes of 0 or 1; other bytes came")
    return octets.view(np.bool_)


def _bytes_array(where: str, count: int, raw: memoryview) -> AnyArray:
    """Elements, each after its length in four bytes (Triton's "string" encoding)."""
    elements = np.empty(count, dtype=object)
    position = 0
    for index in range(count):
        start = position + _LENGTH_PREFIX.size
        if start > raw.nbytes:
            raise _bytes_mismatch(where, count)
        end = start + _LENGTH_PREFIX.unpack_from(raw, position)[0]
        if end > raw.nbytes:
            raise _bytes_mismatch(where, count)
        elements[index] = bytes(raw[start:end])
        position = end
    if position != raw.nbytes:
        raise _bytes_mismatch(where, count)
    return elements


def _bytes_mismatch(where: str, count: int) -> InvalidRequest:
    return InvalidRequest(
        f"{where} takes {count} BYTES elements, each after its length in four little-endian "
        "bytes; its raw contents end before or after them"
    )
