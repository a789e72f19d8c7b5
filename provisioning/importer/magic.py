"""Tells a file's kind by its first bytes, and what it is where no box imports it."""

from __future__ import annotations

import zipfile
from enum import Enum, auto
from pathlib import Path

from serving.domain.errors import InvalidRequest

_HEAD = 512
_TAR_AT = 257


class Kind(Enum):
    """What a file may be."""

    ONNX = auto()
    IR = auto()
    EXPORTED_PROGRAM = auto()
    SAVED_MODEL = auto()
    ZIP = auto()
    TAR = auto()


_PACKED_TAR = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
_REFUSED = {
    b"\x89HDF\r\n\x1a\n": "a Keras or HDF5 file; save it with model.export as a SavedModel",
    b"GGUF": "a GGUF file, which no box serves",
    b"\x7fELF": "a program; give the model itself",
    b"MZ": "a program; give the model itself",
    b"%PDF": "a PDF; give the model itself",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; pack it as zip or tar",
    b"Rar!": "a RAR archive; pack it as zip or tar",
    b"\x28\xb5\x2f\xfd": "a zstd archive; pack it as zip or tar",
}
PICKLE = (
    "holds pickled Python objects, which could run any program, so none is ever loaded; "
    "save the model with torch.export.save (.pt2) or export it as ONNX"
)


def kind_of(path: Path) -> Kind:
    """The kind of a regular file. Raises InvalidRequest for one that no box imports."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise InvalidRequest(f"{path.name} cannot be read: {error.strerror}") from None
    if not head:
        raise InvalidRequest(f"{path.name} is empty")
    if head.startswith(b"PK"):
        return _in_zip(path)
    if head[_TAR_AT : _TAR_AT + 5] == b"ustar" or head.startswith(_PACKED_TAR):
        return Kind.TAR
    _refuse_known(path.name, head)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return Kind.IR
    return _protobuf(path, head)


def _refuse_known(name: str, head: bytes) -> None:
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        raise InvalidRequest(f"{name} {PICKLE}")
    if head[4:8] == b"TFL3":
        raise InvalidRequest(f"{name} is a TensorFlow Lite file; give the SavedModel or ONNX")
    for magic, what in _REFUSED.items():
        if head.startswith(magic):
            raise InvalidRequest(f"{name} is {what}")


def _protobuf(path: Path, head: bytes) -> Kind:
    """ONNX begins with its ir_version (field 1), a SavedModel with its schema version (1) too.

    They differ in field 2: text in ONNX (its producer), a message in a SavedModel.
    """
    if path.name == "saved_model.pb":
        return Kind.SAVED_MODEL
    if head[:1] == b"\x08" or _is_graph_first(head):
        return Kind.ONNX
    raise InvalidRequest(
        f"{path.name} is neither ONNX, OpenVINO IR, a PyTorch exported program (.pt2), a "
        "TensorFlow SavedModel nor an archive of one"
    )


def _is_graph_first(head: bytes) -> bool:
    """Whether the first field may be one of ModelProto's others: producer, graph, opset."""
    return len(head) > 2 and head[0] in (0x12, 0x1A, 0x22, 0x3A, 0x42) and head[2] < 0x80


def _in_zip(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, MemoryError):
        raise InvalidRequest(f"{path.name} is a damaged zip; make it again") from None
    leaves = {name.split("/", 1)[-1] for name in names} | set(names)
    if "archive_format" in leaves and any(name.startswith("models/") for name in leaves):
        return Kind.EXPORTED_PROGRAM
    if any(name.endswith((".pkl", ".pickle")) for name in names):
        raise InvalidRequest(f"{path.name} {PICKLE}")
    return Kind.ZIP
