"""IRs, SavedModels and things that are no model at all, made in code."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.e2e.hostile_onnx import Make, good_model

_CONSTANT = (
    '<layer id="1" name="w" type="Const" version="opset1">'
    '<data element_type="f32" shape="2, 1, 3, 3" offset="0" size="72"/>'
    '<output><port id="0" precision="FP32">'
    "<dim>2</dim><dim>1</dim><dim>3</dim><dim>3</dim></port></output></layer>"
)
_INPUT = (
    '<layer id="0" name="x" type="Parameter" version="opset1">'
    '<data shape="1,1,16,16" element_type="f32"/>'
    '<output><port id="0" precision="FP32" names="x">'
    "<dim>1</dim><dim>1</dim><dim>16</dim><dim>16</dim></port></output></layer>"
)
_HEAD = '<?xml version="1.0"?>'


def _net(layers: str) -> str:
    return f'{_HEAD}<net name="n" version="11"><layers>{layers}</layers><edges/></net>'


def ir(text: str | bytes, weights: bytes | None) -> Make:
    def make(folder: Path) -> Path:
        path = folder / "model.xml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if weights is not None:
            path.with_suffix(".bin").write_bytes(weights)
        return path

    return make


def _laughs() -> str:
    lines = [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)]
    return f'{_HEAD}<!DOCTYPE net [<!ENTITY a0 "ha">{"".join(lines)}]><net>&a9;</net>'


def file(name: str, content: bytes) -> Make:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return make


def saved_model(fill: Callable[[Path], object]) -> Make:
    def make(folder: Path) -> Path:
        inner = folder / "saved"
        (inner / "variables").mkdir(parents=True)
        (inner / "saved_model.pb").write_bytes(b"\x08\x01\x12\x05junk!")
        fill(inner)
        return inner

    return make


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "model.onnx")
    return folder / "model.onnx"


def empty_folder(folder: Path) -> Path:
    return folder


def two_models(folder: Path) -> Path:
    for name in ("a.onnx", "b.onnx"):
        (folder / name).write_bytes(good_model().SerializeToString())
    return folder


_EXTERNAL = f'{_HEAD}<!DOCTYPE net [<!ENTITY x SYSTEM "file:///etc/hostname">]><net>&x;</net>'
_LARGER = _CONSTANT.replace('shape="2, 1, 3, 3"', 'shape="2684354560"')
_BEYOND = _CONSTANT.replace('offset="0"', 'offset="4294967296"')
_NEGATIVE = _CONSTANT.replace('offset="0"', 'offset="-8"')
_HUGE_INPUT = _INPUT.replace("1,1,16,16", "1,1,51200,52429")
_UNKNOWN = _INPUT.replace('type="Parameter"', 'type="Frobnicate"')

CASES: dict[str, Make] = {
    "ir_without_bin": ir(_net(_INPUT + _CONSTANT), None),
    "ir_with_short_bin": ir(_net(_INPUT + _CONSTANT), bytes(71)),
    "ir_offset_beyond_bin": ir(_net(_INPUT + _BEYOND), bytes(72)),
    "ir_offset_negative": ir(_net(_INPUT + _NEGATIVE), bytes(72)),
    "ir_constant_of_10_gb": ir(_net(_INPUT + _LARGER), bytes(72)),
    "ir_input_of_10_gb": ir(_net(_HUGE_INPUT), b""),
    "ir_unknown_operator": ir(_net(_UNKNOWN), b""),
    "ir_without_layers": ir(_net(""), b""),
    "ir_cut": ir(_net(_INPUT + _CONSTANT)[:-40], bytes(72)),
    "ir_entity_bomb": ir(_laughs(), b""),
    "ir_external_entity": ir(_EXTERNAL, b""),
    "ir_in_utf16": ir(_net(_INPUT).encode("utf-16"), b""),
    "ir_nested_deep": ir("<net>" + "<layers>" * 100_000, b""),
    "ir_is_html": ir("<html><body>404</body></html>", None),
    "saved_model_of_junk": saved_model(lambda inner: None),
    "saved_model_empty": saved_model(lambda inner: (inner / "saved_model.pb").write_bytes(b"")),
    "saved_model_without_data": saved_model(
        lambda inner: (inner / "variables" / "variables.index").write_bytes(b"\0" * 48)
    ),
    "saved_model_with_link": saved_model(
        lambda inner: (inner / "assets").symlink_to("/etc/hostname")
    ),
    "empty_file": file("model.onnx", b""),
    "text_file": file("model.onnx", b"these are not the weights you are looking for\n"),
    "random_bytes": file("model.onnx", bytes((n * 197 + 89) % 251 for n in range(4096))),
    "keras_file": file("model.h5", b"\x89HDF\r\n\x1a\n" + bytes(64)),
    "tflite_file": file("model.tflite", b"\x1c\0\0\0TFL3" + bytes(64)),
    "program_file": file("model.onnx", b"\x7fELF" + bytes(64)),
    "missing_file": lambda folder: folder / "absent.onnx",
    "named_pipe": pipe,
    "device": lambda folder: Path("/dev/zero"),
    "empty_folder": empty_folder,
    "folder_of_two_models": two_models,
}
