"""The formats that a box imports."""

from __future__ import annotations

from enum import StrEnum


class SourceFormat(StrEnum):
    """As `Source.format` in the manifest spells them."""

    ONNX = "onnx"
    OPENVINO = "openvino"
    TORCH_EXPORT = "torch_export"
    TENSORFLOW = "tensorflow"
