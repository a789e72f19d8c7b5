"""The arrays of a self-test are hostile input: every fault is one sentence, none costs memory."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provisioning.self_test.tensor_file import write_tensors
from serving.domain.errors import CorruptModel
from serving.domain.tensor import Datatype, TensorSpec
from serving.engine import tensor_archive
from serving.engine.tensor_archive import read_tensors

X = TensorSpec("x", Datatype.INT16, (-1, 2))
FILE = TensorSpec("file", Datatype.FP32, (3,))
BOMB_BYTES = 2**33


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inputs.npz"


def member(shape: tuple[int, ...] = (4, 2), descr: str = "<i2", data: bytes = bytes(16)) -> bytes:
    """An `.npy` whose header says what it wants."""
    stream = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + data


def archive(path: Path, *members: tuple[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", kind) as file:
        for name, data in members:
            file.writestr(name, data)


def test_what_was_written_is_read(path: Path) -> None:
    x = np.arange(6, dtype=np.int16).reshape(3, 2)
    arrays = {"x": np.asfortranarray(x), "file": np.array([1, np.nan, 3], np.float32)}
    write_tensors(path, arrays)
    first = path.read_bytes()
    found = read_tensors(path, [X, FILE])
    np.testing.assert_array_equal(found["x"], x)
    np.testing.assert_array_equal(found["file"], arrays["file"])
    write_tensors(path, arrays)
    assert path.read_bytes() == first, "the same arrays give the same digest"
    assert [each.name for each in path.parent.iterdir()] == ["inputs.npz"]


def test_numpys_own_archives_are_read(path: Path) -> None:
    for save in (np.savez, np.savez_compressed):
        save(path, x=np.ones((1, 2), np.int16))
        assert read_tensors(path, [X])["x"].tolist() == [[1, 1]]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "members",
    [
        [("z.npy", member())],
        [("x.npy", member()), ("x.npy", member())],
        [("x.npy", member(shape=(4, 3), data=bytes(24)))],
        [("x.npy", member(shape=(8,)))],
        [("x.npy", member(shape=(-4, -2)))],
        [("x.npy", member(descr=">i2"))],
        [("x.npy", member(descr="|O"))],
        [("x.npy", member(shape=(2**40, 2)))],
        [("x.npy", member(data=bytes(2)))],
        [("x.npy", b"\x93NUMPY\x09\x00" + bytes(90))],
        [("x.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': __impo")],
        [("x.npy", b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + bytes(4000))],
        [("x.npy", b"")],
        [("file.npy", member((3,), "<f4", bytes(12)) + bytes(5000))],
    ],
)
def test_a_broken_archive_is_one_sentence(path: Path, members: list[tuple[str, bytes]]) -> None:
    archive(path, *members)
    with pytest.raises(CorruptModel, match=r"self-test .*again$"):
        read_tensors(path, [X, FILE])


def test_no_archive_is_one_sentence(path: Path) -> None:
    for data in (b"", b"PK\x03\x04", bytes(1000), b"PK\x05\x06" + b"\xff" * 18):
        path.write_bytes(data)
        with pytest.raises(CorruptModel, match="cannot be read"):
            read_tensors(path, [X])
    path.unlink()
    with pytest.raises(CorruptModel, match="FileNotFoundError"):
        read_tensors(path, [X])


def test_a_changed_byte_is_noticed(path: Path) -> None:
    archive(path, ("x.npy", member()), kind=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(b"NUMPY") + 125] ^= 1
    path.write_bytes(data)
    with pytest.raises(CorruptModel, match="BadZipFile"):
        read_tensors(path, [X])


def lying(path: Path, size: int) -> None:
    """Makes the archive's directory say another size of its first member."""
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", size)
    path.write_bytes(data)


def peak_bytes(path: Path, spec: TensorSpec) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(CorruptModel):
            read_tensors(path, [spec])
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("said", [None, 128 + 12, 4000])
def test_a_bomb_is_not_unpacked(path: Path, said: int | None) -> None:
    """A declared tensor of 12 bytes; the member unpacks to 64 MB, whatever its directory says."""
    archive(path, ("file.npy", member((2**24,), "<f4", bytes(2**26))))
    if said is not None:
        lying(path, said)
    assert peak_bytes(path, FILE) < 2**20


def test_open_sizes_are_bounded_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensor_archive, "MOST_BYTES", 2**16)
    archive(path, ("x.npy", member((2**24, 2), data=bytes(2**26))))
    assert peak_bytes(path, X) < 2**20


def test_a_file_larger_than_any_self_test_is_not_opened(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(BOMB_BYTES)
    assert peak_bytes(path, X) < 2**20


def test_the_parts_count_together(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensor_archive, "MOST_BYTES", 40_000)
    specs = [TensorSpec(name, Datatype.UINT8, (-1,)) for name in ("a", "b")]
    arrays: dict[str, Any] = {name: np.zeros(30_000, np.uint8) for name in ("a", "b")}
    write_tensors(path, arrays)
    with pytest.raises(CorruptModel, match="too large"):
        read_tensors(path, specs)
