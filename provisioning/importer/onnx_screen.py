"""What an ONNX file must be before a converter sees it. Format: onnx.proto of ONNX.

Sizes are compared with what the file really holds before anybody allocates them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

import onnx
from google.protobuf.message import DecodeError

from serving.domain.errors import InvalidRequest

_MOST_MESSAGE_BYTES = 2**31 - 1  # protobuf's own bound
_MOST_INPUT_BYTES = 4 * 1024**3
_LENIENT = {onnx.TensorProto.STRING}


def screen_onnx(path: Path) -> tuple[Path, ...]:
    """Checks the file; returns it and its files of external data. Raises InvalidRequest."""
    if path.stat().st_size > _MOST_MESSAGE_BYTES:
        raise InvalidRequest(
            f"{path.name} is over 2 GiB; save it with its weights as external data beside it"
        )
    model = _parse(path)
    if not model.graph.node:
        raise InvalidRequest(f"{path.name} is an ONNX file without any operator")
    for value in model.graph.input:
        _check_input(value)
    external = {_check_tensor(tensor, path) for tensor in _tensors(model)}
    return (path, *sorted(file for file in external if file is not None))


def _parse(path: Path) -> onnx.ModelProto:
    model = onnx.ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except (DecodeError, RuntimeError, ValueError):
        raise InvalidRequest(
            f"{path.name} is cut short or damaged; no ONNX model can be read from it"
        ) from None
    return model


def _check_input(value: onnx.ValueInfoProto) -> None:
    kind = value.type.tensor_type
    sizes = [dim.dim_value for dim in kind.shape.dim if dim.HasField("dim_value")]
    if any(size < 0 for size in sizes):
        raise InvalidRequest(f"input {value.name[:64]} declares a negative dimension")
    if math.prod(sizes) * 4 > _MOST_INPUT_BYTES:
        raise InvalidRequest(
            f"input {value.name[:64]} declares {math.prod(sizes):,} elements; "
            f"an input may take {_MOST_INPUT_BYTES // 1024**3} GiB"
        )


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor with data: of the graph, of attributes, of subgraphs and functions."""
    for function in model.functions:
        yield from _tensors_of_nodes(function.node)
    yield from _tensors_of_graph(model.graph)


def _tensors_of_graph(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    yield from _tensors_of_sparse(graph.sparse_initializer)
    yield from _tensors_of_nodes(graph.node)


def _tensors_of_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    """Depth is bounded: protobuf parses no more than a hundred levels of nesting."""
    for attribute in (each for node in nodes for each in node.attribute):
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        if attribute.HasField("sparse_tensor"):
            yield from _tensors_of_sparse((attribute.sparse_tensor,))
        yield from _tensors_of_sparse(attribute.sparse_tensors)
        if attribute.HasField("g"):
            yield from _tensors_of_graph(attribute.g)
        for graph in attribute.graphs:
            yield from _tensors_of_graph(graph)


def _tensors_of_sparse(
    tensors: Iterable[onnx.SparseTensorProto],
) -> Iterator[onnx.TensorProto]:
    for sparse in tensors:
        yield from (sparse.values, sparse.indices)


def _check_tensor(tensor: onnx.TensorProto, path: Path) -> Path | None:
    """The external file of the tensor's data, None where it holds them itself."""
    name = tensor.name[:64] or "without a name"
    if any(size < 0 for size in tensor.dims):
        raise InvalidRequest(f"the tensor {name} declares a negative dimension")
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        return _check_external(tensor, name, path)
    declared = math.prod(tensor.dims)
    if declared and not _holds(tensor, declared):
        raise InvalidRequest(
            f"the tensor {name} declares {declared:,} elements that {path.name} does not hold"
        )
    return None


def _holds(tensor: onnx.TensorProto, declared: int) -> bool:
    if tensor.data_type in _LENIENT:
        return len(tensor.string_data) == declared
    if tensor.HasField("raw_data"):
        return len(tensor.raw_data) == _declared_bytes(tensor, declared)
    fields = (tensor.float_data, tensor.int32_data, tensor.int64_data)
    held = max(len(field) for field in (*fields, tensor.double_data, tensor.uint64_data))
    return declared <= 2 * held  # complex numbers take two; 4-bit ones are packed in pairs


def _declared_bytes(tensor: onnx.TensorProto, declared: int) -> int:
    try:
        kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
    except (KeyError, ValueError, TypeError):
        raise InvalidRequest("a tensor is of a type that ONNX does not know") from None
    packed = onnx.TensorProto.DataType.Name(tensor.data_type) in _FOUR_BITS
    return math.ceil(declared / 2) if packed else declared * int(kind.itemsize)


_FOUR_BITS = {"UINT4", "INT4", "FLOAT4E2M1"}


def _check_external(tensor: onnx.TensorProto, name: str, path: Path) -> Path:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    file = _inside(path.parent, entries.get("location", ""), name)
    try:
        offset, length = (int(entries.get(key) or default) for key, default in _extent(file))
    except ValueError:
        raise InvalidRequest(f"the external data of tensor {name} have no valid extent") from None
    if offset < 0 or length < 0 or offset + length > file.stat().st_size:
        raise InvalidRequest(f"the external data of tensor {name} lie beyond the end of their file")
    if length < _declared_bytes(tensor, math.prod(tensor.dims)):
        raise InvalidRequest(f"the external data of tensor {name} are shorter than it declares")
    return file


def _extent(file: Path) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("offset", 0), ("length", file.stat().st_size)


def _inside(folder: Path, location: str, name: str) -> Path:
    """The file beside the model that `location` names; no links, no way out of the folder."""
    parts = PurePosixPath(location).parts
    strange = PurePosixPath(location).is_absolute() or PureWindowsPath(location).drive
    if not parts or strange or ".." in parts or "\\" in location or "\0" in location:
        raise InvalidRequest(f"tensor {name} takes its data from outside the model's folder")
    file = folder
    for part in parts:
        file = file / part
        if file.is_symlink():
            raise InvalidRequest(f"the external data of tensor {name} are a symbolic link")
    if not file.is_file():
        raise InvalidRequest(f"the file with the external data of tensor {name} is missing")
    return file
