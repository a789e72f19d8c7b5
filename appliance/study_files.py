"""The DICOM instances behind a path: a folder, one file, or a zip that is never unpacked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from appliance.study_zip import ZipLimits, open_zip
from serving.domain.errors import InvalidRequest

_PREFIX_END = 132
_PREFIX = b"DICM"
_FIRST_GROUPS = (b"\x02\x00\x00\x00", b"\x08\x00\x05\x00", b"\x08\x00\x00\x00")
"""A data set may come without its preamble: file meta or the SOP common module goes first."""
_NO_INSTANCES = frozenset({"DICOMDIR"})


@dataclass(frozen=True, slots=True)
class InstanceFile:
    """One instance to send."""

    size_bytes: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class StudyFiles:
    """What will be sent, and how many files were passed over as no DICOM instances."""

    instances: tuple[InstanceFile, ...]
    skipped: int

    @property
    def size_bytes(self) -> int:
        return sum(instance.size_bytes for instance in self.instances)


@contextmanager
def open_study(path: Path, limits: ZipLimits | None = None) -> Iterator[StudyFiles]:
    """The instances of a folder (with its subfolders), a zip, or a single file.

    Files that are no DICOM are passed over in folders and zips, and sent as they are when named
    alone, so that the box says what is wrong. Raises InvalidRequest.
    """
    if path.is_dir():
        yield _chosen(_folder_files(path))
    elif not path.exists():
        raise InvalidRequest("there is no such file or folder; name a DICOM folder, file or zip")
    elif _is_zip(path):
        with open_zip(path, limits or ZipLimits()) as entries:
            yield _chosen(InstanceFile(e.size_bytes, e.open) for e in entries if not _no(e.name))
    else:
        yield StudyFiles((_file(path),), skipped=0)


def _chosen(candidates: Iterator[InstanceFile]) -> StudyFiles:
    everything = list(candidates)
    instances = tuple(file for file in everything if _looks_like_dicom(file))
    if not instances:
        raise InvalidRequest(
            f"none of its {len(everything)} files is a DICOM instance; "
            "name a folder or zip of a study"
        )
    return StudyFiles(instances, skipped=len(everything) - len(instances))


def _folder_files(folder: Path) -> Iterator[InstanceFile]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and not _no(path.name):
            yield _file(path)


def _no(name: str) -> bool:
    return name.rpartition("/")[2].upper() in _NO_INSTANCES


def _file(path: Path) -> InstanceFile:
    return InstanceFile(path.stat().st_size, lambda: path.open("rb"))


def _looks_like_dicom(file: InstanceFile) -> bool:
    with file.open() as stream:
        head = stream.read(_PREFIX_END)
    # Groups and elements are little-endian in every transfer syntax but a retired one.
    return head[-len(_PREFIX) :] == _PREFIX or head.startswith(_FIRST_GROUPS)


def _is_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
