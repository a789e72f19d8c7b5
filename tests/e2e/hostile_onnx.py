"""ONNX files that no box may take, made in code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Make = Callable[[Path], Path]


def good_model(**changes: object) -> onnx.ModelProto:
    """A small convolution; `changes` replace parts of its graph."""
    weights = np.random.default_rng(3).standard_normal((2, 1, 3, 3), np.float32)
    parts = {
        "nodes": [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])],
        "inputs": [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 16, 16])],
        "outputs": [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2, 16, 16])],
        "initializers": [numpy_helper.from_array(weights, "w")],
        **changes,
    }
    graph = helper.make_graph(
        parts["nodes"], "g", parts["inputs"], parts["outputs"], parts["initializers"]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model


def _saved(folder: Path, model: onnx.ModelProto) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def cut(share: float) -> Make:
    def make(folder: Path) -> Path:
        path = _saved(folder, good_model())
        whole = path.read_bytes()
        path.write_bytes(whole[: max(1, int(len(whole) * share))])
        return path

    return make


def one_byte_short(folder: Path) -> Path:
    path = _saved(folder, good_model())
    path.write_bytes(path.read_bytes()[:-1])
    return path


def external(location: str, length: str | None = None, offset: str | None = None) -> Make:
    """Weights said to lie at `location`; `secret` beside the folder and `short` in it exist."""

    def make(folder: Path) -> Path:
        inner = folder / "inner"
        inner.mkdir()
        (folder / "secret").write_bytes(b"\0" * 72)
        (inner / "short").write_bytes(b"\0" * 71)
        (inner / "link").symlink_to(folder / "secret")
        tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2, 1, 3, 3])
        tensor.data_location = TensorProto.EXTERNAL
        said = {"location": location, "length": length, "offset": offset}
        for key, value in said.items():
            if value is not None:
                tensor.external_data.add(key=key, value=value)
        return _saved(inner, good_model(initializers=[tensor]))

    return make


def initializer(dims: Sequence[int], kind: int = TensorProto.FLOAT, raw: bytes = b"") -> Make:
    def make(folder: Path) -> Path:
        tensor = TensorProto(name="w", data_type=kind, dims=dims, raw_data=raw)
        return _saved(folder, good_model(initializers=[tensor]))

    return make


def model(**changes: object) -> Make:
    return lambda folder: _saved(folder, good_model(**changes))


def huge_constant_in_attribute(folder: Path) -> Path:
    tensor = TensorProto(name="c", data_type=TensorProto.FLOAT, dims=[2_684_354_560])
    node = helper.make_node("Constant", [], ["y"])
    node.attribute.add(name="value", type=onnx.AttributeProto.TENSOR).t.CopyFrom(tensor)
    return _saved(folder, good_model(nodes=[node]))


def deep_nesting(folder: Path) -> Path:
    """A thousand graphs, each in an attribute of a node of the one before."""
    inner = b""
    for _ in range(1000):
        attribute = _field(6, inner)
        inner = _field(1, _field(5, attribute))
    path = folder / "model.onnx"
    path.write_bytes(b"\x08\x08" + _field(7, inner))
    return path


def _field(number: int, content: bytes) -> bytes:
    size, encoded = len(content), b""
    while size > 0x7F:
        encoded += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + encoded + bytes([size]) + content


def _value(name: str, kind: int, shape: Sequence[int] | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _expanded() -> dict[str, object]:
    """Ten gigabytes that a few bytes ask for."""
    shape = numpy_helper.from_array(np.array([2_684_354_560], np.int64), "shape")
    return {
        "nodes": [
            helper.make_node("ConstantOfShape", ["shape"], ["big"]),
            helper.make_node("Add", ["x", "big"], ["y"]),
        ],
        "inputs": [_value("x", TensorProto.FLOAT, [1])],
        "outputs": [_value("y", TensorProto.FLOAT, [2_684_354_560])],
        "initializers": [shape],
    }


_NAN = numpy_helper.from_array(np.full((2, 1, 3, 3), np.nan, np.float32), "w")
_RELU = helper.make_node("Relu", ["x"], ["y"])

CASES: dict[str, Make] = {
    **{f"onnx_cut_at_{share}": cut(share) for share in (0.01, 0.1, 0.25, 0.5, 0.75, 0.9)},
    "onnx_one_byte_short": one_byte_short,
    "onnx_external_outside": external("../secret"),
    "onnx_external_absolute": external("/etc/hostname"),
    "onnx_external_symlink": external("link"),
    "onnx_external_missing": external("absent"),
    "onnx_external_short": external("short"),
    "onnx_external_beyond_end": external("short", "72", "64"),
    "onnx_external_negative_offset": external("short", "72", "-8"),
    "onnx_external_odd_extent": external("short", "many"),
    "onnx_external_without_location": external(""),
    "onnx_weights_of_10_gb": initializer([2_684_354_560]),
    "onnx_weights_shorter_than_declared": initializer([2, 1, 3, 3], raw=b"\0" * 68),
    "onnx_weights_of_negative_size": initializer([2, -1, 3, 3]),
    "onnx_weights_of_unknown_type": initializer([1], kind=99, raw=b"\0"),
    "onnx_input_of_10_gb": model(inputs=[_value("x", TensorProto.FLOAT, [1, 1, 51200, 52429])]),
    "onnx_constant_of_10_gb": huge_constant_in_attribute,
    "onnx_10_gb_at_run_time": model(**_expanded()),
    "onnx_deep_nesting": deep_nesting,
    "onnx_nan_weights": model(initializers=[_NAN]),
    "onnx_unknown_operator": model(nodes=[helper.make_node("Frobnicate", ["x"], ["y"])]),
    "onnx_tree_operator": model(
        nodes=[helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml")]
    ),
    "onnx_without_operators": model(nodes=[]),
    "onnx_without_outputs": model(outputs=[]),
    "onnx_without_inputs": model(
        nodes=[helper.make_node("Relu", ["w"], ["y"])], inputs=[], outputs=[_value("y", 1, None)]
    ),
    "onnx_input_that_nobody_makes": model(nodes=[helper.make_node("Relu", ["ghost"], ["y"])]),
    "onnx_text_input": model(
        nodes=[helper.make_node("Identity", ["x"], ["y"])],
        inputs=[_value("x", TensorProto.STRING, [1])],
        outputs=[_value("y", TensorProto.STRING, [1])],
    ),
    "onnx_shapes_that_do_not_fit": model(inputs=[_value("x", TensorProto.FLOAT, [1, 5, 16, 16])]),
}
