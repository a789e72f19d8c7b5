"""A TensorFlow SavedModel written by hand: y = relu(x), x float32 (-1, 4).

Fields of saved_model.proto, meta_graph.proto, node_def.proto and attr_value.proto of TensorFlow.
"""

from __future__ import annotations

from pathlib import Path

FLOAT = 1  # DataType.DT_FLOAT


def _bytes(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


def _long(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content) & 0x7F | 0x80, len(content) >> 7]) + content


def _number(number: int, value: int) -> bytes:
    return bytes([number << 3, value])


_SHAPE = _bytes(2, b"\x08" + b"\xff" * 9 + b"\x01") + _bytes(2, _number(1, 4))  # (-1, 4)


def _attribute(name: str, value: bytes) -> bytes:
    return _bytes(5, _bytes(1, name.encode()) + _bytes(2, value))


def _node(name: str, op: str, source: str | None, key: str) -> bytes:
    content = _bytes(1, name.encode()) + _bytes(2, op.encode())
    if source:
        content += _bytes(3, source.encode())
    content += _attribute(key, _number(6, FLOAT))
    if op == "Placeholder":
        content += _attribute("shape", _bytes(7, _SHAPE))
    return _bytes(1, content)


def _tensor(number: int, key: str, name: str) -> bytes:
    info = _bytes(1, name.encode()) + _number(2, FLOAT) + _bytes(3, _SHAPE)
    return _bytes(number, _bytes(1, key.encode()) + _bytes(2, info))


def write_saved_model(folder: Path) -> Path:
    """Writes the folder of a SavedModel; returns it."""
    graph = (
        _node("serving_x", "Placeholder", None, "dtype")
        + _node("activation", "Relu", "serving_x", "T")
        + _node("result", "Identity", "activation", "T")
    )
    signature = _tensor(1, "x", "serving_x:0") + _tensor(2, "y", "result:0")
    signature += _bytes(3, b"tensorflow/serving/predict")
    entry = _bytes(1, b"serving_default") + _long(2, signature)
    meta = _bytes(1, _bytes(4, b"serve")) + _long(2, graph) + _long(5, entry)
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(_number(1, 1) + _long(2, meta))
    return folder
