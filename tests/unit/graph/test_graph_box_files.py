"""Which files of the box a machine that has joined takes for its own."""

from __future__ import annotations

import os
from pathlib import Path

from serving.graph.box_files import BoxFile, is_same, list_files


def test_folders_and_files_are_listed_with_what_tells_them_apart(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "2.dcm").write_bytes(b"12")
    (tmp_path / "a" / "1.dcm").write_bytes(b"1")
    found = list_files(tmp_path / "a")
    assert [(file.name, file.size_bytes) for file in found] == [("1.dcm", 1), ("b/2.dcm", 2)]
    (one,) = list_files(tmp_path / "a" / "1.dcm")
    assert (one.name, one.size_bytes) == ("", 1)
    assert list_files(tmp_path / "none") == []


def test_another_file_of_the_same_name_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "image.nii"
    path.write_bytes(b"box")
    os.utime(path, ns=(1, 1_000_000_000))
    (file,) = list_files(path)
    assert is_same(path, file)
    assert not is_same(path, BoxFile("", file.size_bytes, file.modified_ns + 1))
    path.write_bytes(b"another")
    assert not is_same(path, file)
    path.unlink()
    assert not is_same(path, file)
