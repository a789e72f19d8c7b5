"""One table: datatypes of the Open Inference Protocol, of OpenVINO and of numpy."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.domain.errors import CorruptModel
from serving.domain.tensor import AnyArray, Datatype, TensorSpec
from serving.engine.runtime import ov

_OPENVINO: dict[Datatype, Any] = {
    Datatype.BOOL: ov.Type.boolean,
    Datatype.UINT8: ov.Type.u8,
    Datatype.UINT16: ov.Type.u16,
    Datatype.UINT32: ov.Type.u32,
    Datatype.UINT64: ov.Type.u64,
    Datatype.INT8: ov.Type.i8,
    Datatype.INT16: ov.Type.i16,
    Datatype.INT32: ov.Type.i32,
    Datatype.INT64: ov.Type.i64,
    Datatype.FP16: ov.Type.f16,
    Datatype.FP32: ov.Type.f32,
    Datatype.FP64: ov.Type.f64,
    Datatype.BF16: ov.Type.bf16,
    Datatype.BYTES: ov.Type.string,
}
_DATATYPE = {str(kind): datatype for datatype, kind in _OPENVINO.items()}


class _WritableView:
    """Lends a read-only array's memory under a writable flag, for numpy's array interface."""

    __slots__ = ("__array_interface__", "owner")

    def __init__(self, array: AnyArray) -> None:
        self.owner = array
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], False)
        self.__array_interface__ = interface


def to_openvino(datatype: Datatype) -> Any:
    """The `openvino.Type` of a datatype."""
    return _OPENVINO[datatype]


def to_datatype(kind: Any) -> Datatype:
    """The datatype of an `openvino.Type`. Raises CorruptModel for one that the protocol lacks."""
    try:
        return _DATATYPE[str(kind)]
    except KeyError:
        raise CorruptModel(
            f"the model has a tensor of type {kind.get_type_name()}, "
            "which the Open Inference Protocol lacks"
        ) from None


def to_spec(port: Any, declared: Collection[str] = ()) -> TensorSpec:
    """The spec of a model's port; dynamic dimensions become -1. Raises CorruptModel.

    A port may have several names; one that is `declared` is taken first.
    """
    partial = port.get_partial_shape()
    if partial.rank.is_dynamic:
        raise CorruptModel("the model has a tensor of dynamic rank; give it a rank")
    shape = tuple(-1 if d.is_dynamic else int(d.get_length()) for d in partial)
    return TensorSpec(_name(port, declared), to_datatype(port.get_element_type()), shape)


def _name(port: Any, declared: Collection[str]) -> str:
    names = sorted(port.get_names(), key=lambda name: (name not in declared, name))
    return str(names[0] if names else port.get_node().get_friendly_name())


def to_tensor(array: AnyArray, datatype: Datatype) -> Any:
    """An `openvino.Tensor` over the array's own memory; only BYTES and strided arrays are copied.

    OpenVINO takes shared memory from writable arrays only, and what comes off the wire is
    read-only. It never writes to inputs, so such an array is lent with the flag set. The caller
    keeps `array` alive until the inference has ended: the tensor holds no reference to it.
    """
    if datatype is Datatype.BYTES:
        return ov.Tensor(np.asarray(array, dtype=np.bytes_).reshape(array.shape))
    if not array.flags.c_contiguous:
        return _owned(array, datatype)
    if not array.flags.writeable:
        array = np.asarray(_WritableView(array))
    if datatype is Datatype.BF16:
        return ov.Tensor(array, list(array.shape), ov.Type.bf16)
    return ov.Tensor(array, shared_memory=True)


def _owned(array: AnyArray, datatype: Datatype) -> Any:
    tensor = ov.Tensor(to_openvino(datatype), array.shape)
    to_array(tensor, datatype)[...] = array
    return tensor


def to_array(tensor: Any, datatype: Datatype) -> NDArray[Any]:
    """The tensor's memory as an array, without a copy (BYTES: objects, copied).

    The array keeps the tensor alive. BYTES lose zero bytes at their end, in OpenVINO's binding.
    """
    if datatype is Datatype.BYTES:
        if tensor.size == 0:  # OpenVINO would read past its end
            return np.empty(tuple(tensor.shape), dtype=object)
        return np.asarray(tensor.bytes_data).astype(object)
    data: NDArray[Any] = tensor.data
    return data.view(np.uint16) if datatype is Datatype.BF16 else data
