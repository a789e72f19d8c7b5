"""Archives and exported programs that no box may take, made in code."""

from __future__ import annotations

import io
import json
import pickle
import stat
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.hostile_onnx import Make, good_model


class Bomb:
    """Unpickling this writes a file beside the source."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


def zipped(members: Mapping[str, bytes], mode: int = 0) -> Make:
    def make(folder: Path) -> Path:
        path = folder / "model.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                info = zipfile.ZipInfo(name)
                info.external_attr = mode << 16
                archive.writestr(info, content, zipfile.ZIP_DEFLATED)
        return path

    return make


def zip_twice(folder: Path) -> Path:
    path = zipped({"model.onnx": MODEL, "other.onnx": MODEL})(folder)
    path.write_bytes(path.read_bytes().replace(b"other.onnx", b"model.onnx"))
    return path


def zip_encrypted(folder: Path) -> Path:
    path = zipped({"model.onnx": MODEL})(folder)
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    return path


def zip_cut(folder: Path) -> Path:
    path = zipped({"model.onnx": MODEL})(folder)
    path.write_bytes(path.read_bytes()[:-30])
    return path


def zip_damaged(folder: Path) -> Path:
    path = zipped({"model.onnx": MODEL})(folder)
    content = bytearray(path.read_bytes())
    content[60:90] = b"\xff" * 30
    path.write_bytes(content)
    return path


def zip_many(folder: Path) -> Path:
    return zipped({f"{number}.txt": b"" for number in range(10_050)})(folder)


def tarred(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> Make:
    def make(folder: Path) -> Path:
        path = folder / "model.tar"
        with tarfile.open(path, "w") as archive:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            info.size = len(MODEL) if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(MODEL))
        return path

    return make


def tar_cut(folder: Path) -> Path:
    path = folder / "model.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("model.onnx")
        info.size = len(MODEL)
        archive.addfile(info, io.BytesIO(MODEL))
    path.write_bytes(path.read_bytes()[:-40])
    return path


def tar_bomb(folder: Path) -> Path:
    path = folder / "model.tar.xz"
    with tarfile.open(path, "w:xz", preset=0) as archive:
        info = tarfile.TarInfo("model.onnx")
        info.size = 100 * 2**20
        archive.addfile(info, io.BytesIO(bytes(info.size)))
    return path


def raw_pickle(protocol: int) -> Make:
    def make(folder: Path) -> Path:
        path = folder / "model.onnx"
        path.write_bytes(pickle.dumps(Bomb(folder / "ran"), protocol))
        return path

    return make


def torch_checkpoint(folder: Path) -> Path:
    """As torch.save writes it: a zip with `data.pkl`."""
    content = pickle.dumps(Bomb(folder / "ran"))
    path = zipped({"model/data.pkl": content, "model/version": b"3\n"})(folder)
    return path.rename(folder / "model.pt")


def program(changes: Mapping[str, object]) -> Make:
    """An exported program whose members are replaced by `changes`."""

    def make(folder: Path) -> Path:
        members: dict[str, object] = {
            "archive_format": b"pt2",
            "archive_version": b"0",
            "byteorder": b"little",
            "models/model.json": {"graph_module": {"graph": {"nodes": []}}},
            "data/weights/model_weights_config.json": {"config": {}},
            "data/constants/model_constants_config.json": {"config": {}},
            "data/sample_inputs/model.pt": pickle.dumps(Bomb(folder / "ran")),
            **changes,
        }
        path = folder / "model.pt2"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                archive.writestr(f"model/{name}", data)
        return path

    return make


def _pickled(path: str) -> dict[str, object]:
    return {"config": {"w": {"path_name": path, "use_pickle": True, "tensor_meta": None}}}


def _calling(target: str) -> dict[str, object]:
    node = {"target": target, "inputs": [], "outputs": [], "metadata": {}}
    return {"graph_module": {"graph": {"nodes": [node]}}}


MODEL = good_model().SerializeToString()
_WEIGHTS = "data/weights/model_weights_config.json"
_CONSTANTS = "data/constants/model_constants_config.json"
_RUNS_CODE = {"as_expr": {"expr_str": "__import__('os').system('true')", "hint": None}}

CASES: dict[str, Make] = {
    "zip_path_outside": zipped({"../model.onnx": MODEL}),
    "zip_path_absolute": zipped({"/tmp/model.onnx": MODEL}),
    "zip_path_of_windows": zipped({"..\\model.onnx": MODEL}),
    "zip_symlink": zipped({"model.onnx": b"/etc/hostname"}, stat.S_IFLNK | 0o777),
    "zip_device": zipped({"model.onnx": b""}, stat.S_IFCHR | 0o666),
    "zip_bomb": zipped({"model.onnx": bytes(100 * 2**20)}),
    "zip_same_name_twice": zip_twice,
    "zip_file_and_folder": zipped({"model.onnx": MODEL, "model.onnx/x": MODEL}),
    "zip_encrypted": zip_encrypted,
    "zip_cut": zip_cut,
    "zip_damaged": zip_damaged,
    "zip_of_too_many_files": zip_many,
    "zip_without_model": zipped({"readme.txt": b"nothing here"}),
    "zip_with_two_models": zipped({"a.onnx": MODEL, "b.onnx": MODEL}),
    "zip_in_zip": zipped({"model.onnx": b"PK\x05\x06" + bytes(18)}),
    "tar_path_outside": tarred("../model.onnx"),
    "tar_path_absolute": tarred("/tmp/model.onnx"),
    "tar_symlink": tarred("model.onnx", tarfile.SYMTYPE, "/etc/hostname"),
    "tar_hard_link": tarred("model.onnx", tarfile.LNKTYPE, "/etc/hostname"),
    "tar_device": tarred("model.onnx", tarfile.CHRTYPE),
    "tar_pipe": tarred("model.onnx", tarfile.FIFOTYPE),
    "tar_cut": tar_cut,
    "tar_bomb": tar_bomb,
    "pickle_protocol_2": raw_pickle(2),
    "pickle_protocol_5": raw_pickle(5),
    "pickle_protocol_0": raw_pickle(0),
    "torch_checkpoint": torch_checkpoint,
    "program_with_pickled_weights": program({_WEIGHTS: _pickled("weight_0")}),
    "program_with_pickled_constant": program({_CONSTANTS: _pickled("opaque_obj_0")}),
    "program_of_the_old_format": program({"data/weights/model.pt": b"\x80\x02."}),
    "program_that_calls_os": program({"models/model.json": _calling("torch.os.system")}),
    "program_that_evaluates_text": program({"models/model.json": {"sym": _RUNS_CODE}}),
    "program_without_json": program({"models/model.json": b"{"}),
}
