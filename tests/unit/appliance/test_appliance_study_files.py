"""Which files of a folder or zip are sent, and which zips are refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from appliance.study_files import open_study
from appliance.study_zip import ZipLimits
from serving.domain.errors import InvalidRequest

DICOM = b"\0" * 128 + b"DICM" + b"\x02\x00\x00\x00" + b"x" * 100
BARE = b"\x08\x00\x05\x00" + b"x" * 100
TEXT = b"notes of the reader"


def make_zip(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_a_folder_sends_its_instances_and_counts_the_rest(tmp_path: Path) -> None:
    (tmp_path / "series").mkdir()
    (tmp_path / "series" / "b").write_bytes(DICOM)
    (tmp_path / "a.dcm").write_bytes(BARE)
    (tmp_path / "notes.txt").write_bytes(TEXT)
    (tmp_path / "DICOMDIR").write_bytes(DICOM)
    with open_study(tmp_path) as study:
        sent = [file.open().read() for file in study.instances]
        assert sent == [BARE, DICOM]
        assert study.skipped == 1
        assert study.size_bytes == len(BARE) + len(DICOM)


def test_a_zip_is_read_without_being_unpacked(tmp_path: Path) -> None:
    files = {"../../escape.dcm": DICOM, "/etc/passwd": BARE, "a/readme": TEXT, "a/DICOMDIR": DICOM}
    path = make_zip(tmp_path / "study.zip", files)
    with open_study(path) as study:
        assert {file.open().read() for file in study.instances} == {DICOM, BARE}
        assert study.skipped == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_single_file_is_sent_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(TEXT)
    with open_study(path) as study:
        assert [file.open().read() for file in study.instances] == [TEXT]


def test_nothing_to_send_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(TEXT)
    with pytest.raises(InvalidRequest, match="none of its 1 files"), open_study(tmp_path):
        pass
    with pytest.raises(InvalidRequest, match="no such file"), open_study(tmp_path / "none"):
        pass


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (ZipLimits(max_entries=2), "3 files"),
        (ZipLimits(max_entry_bytes=100), "largest file"),
        (ZipLimits(max_total_bytes=500), "unpacks to"),
    ],
)
def test_a_zip_over_a_limit_is_refused(tmp_path: Path, limits: ZipLimits, says: str) -> None:
    path = make_zip(tmp_path / "s.zip", {str(n): DICOM for n in range(3)})
    with pytest.raises(InvalidRequest, match=says), open_study(path, limits):
        pass


def test_a_bomb_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "s.zip", {"a": DICOM + b"\0" * (80 << 20)})
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InvalidRequest, match="200 times its size"), open_study(path):
        pass


def test_a_zip_that_lies_about_a_size_is_damaged(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "s.zip", {"a": DICOM * 10_000})
    data = bytearray(path.read_bytes())
    size = (len(DICOM) * 10_000).to_bytes(4, "little")
    for _ in range(data.count(size)):
        at = data.find(size)
        data[at : at + 4] = (500).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(InvalidRequest, match="damaged"), open_study(path):
        pass


@pytest.mark.parametrize("cut", [30, 200, -10])
def test_a_damaged_zip_is_refused(tmp_path: Path, cut: int) -> None:
    path = make_zip(tmp_path / "s.zip", {"a": DICOM, "b": BARE})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InvalidRequest, match="damaged"), open_study(path):
        pass


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "s.zip", {"a": DICOM})
    data = bytearray(path.read_bytes())
    data[data.find(b"PK\x03\x04") + 6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(InvalidRequest, match="encrypted"), open_study(path):
        pass


def test_a_zip_in_a_zip_is_passed_over(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a", DICOM)
    path = make_zip(tmp_path / "s.zip", {"inner.zip": inner.getvalue(), "b": DICOM})
    with open_study(path) as study:
        assert (len(study.instances), study.skipped) == (1, 1)
