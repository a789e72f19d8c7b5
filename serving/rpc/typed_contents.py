"""Typed contents of an input tensor (Open Inference Protocol, `InferTensorContents`)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
from inference.grpc_service_pb2 import InferTensorContents

from serving.domain.errors import InvalidRequest
from serving.domain.tensor import AnyArray, Datatype

FIELD_BY_DATATYPE = MappingProxyType(
    {
        Datatype.BOOL: "bool_contents",
        Datatype.INT8: "int_contents",
        Datatype.INT16: "int_contents",
        Datatype.INT32: "int_contents",
        Datatype.INT64: "int64_contents",
        Datatype.UINT8: "uint_contents",
        Datatype.UINT16: "uint_contents",
        Datatype.UINT32: "uint_contents",
        Datatype.UINT64: "uint64_contents",
        Datatype.FP32: "fp32_contents",
        Datatype.FP64: "fp64_contents",
        Datatype.BYTES: "bytes_contents",
    }
)
"""FP16 and BF16 have no typed form in the protocol."""

_NARROW = frozenset({Datatype.INT8, Datatype.INT16, Datatype.UINT8, Datatype.UINT16})


def typed_array(
    where: str, datatype: Datatype, count: int, contents: InferTensorContents
) -> AnyArray:
    """The flat array of `count` elements. Raises InvalidRequest where the contents differ."""
    field = FIELD_BY_DATATYPE.get(datatype)
    if field is None:
        raise InvalidRequest(f"{where} is {datatype}, which travels in raw_input_contents only")
    others = [found.name for found, _ in contents.ListFields() if found.name != field]
    if others:
        raise InvalidRequest(f"{where} is {datatype}, sent in {field}; {others[0]} came")
    values = getattr(contents, field)
    if len(values) != count:
        raise InvalidRequest(f"{where} takes {count} elements in {field}; {len(values)} came")
    if datatype is Datatype.BYTES:
        return _objects(list(values))
    wide = np.array(values, dtype=_wide(datatype))
    if datatype in _NARROW:
        _check_range(where, datatype, wide)
    return wide.astype(datatype.numpy, copy=False)


def _objects(values: list[bytes]) -> AnyArray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _wide(datatype: Datatype) -> np.dtype[Any]:
    return np.dtype(np.int64) if datatype in _NARROW else datatype.numpy


def _check_range(where: str, datatype: Datatype, values: AnyArray) -> None:
    limits = np.iinfo(datatype.numpy)
    if values.size and (values.min() < limits.min or values.max() > limits.max):
        raise InvalidRequest(
            f"{where} is {datatype}, {limits.min} to {limits.max}; a value outside came"
        )
