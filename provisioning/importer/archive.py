"""The step `unpack`: a zip or tar becomes a folder, of plain files inside it and nothing else."""

from __future__ import annotations

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from pydantic import BaseModel

from serving.domain.errors import InvalidRequest
from serving.domain.slices import Progress

MIB = 2**20
_MOST_FILES = 10_000
_MOST_BYTES = 16 * 1024 * MIB
_MOST_RATIO = 200
_FREE_BYTES = 64 * MIB
"""What is always allowed, however well it was packed."""
_CHUNK = MIB
_ENCRYPTED = 0x1
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class UnpackOrder(BaseModel):
    """Unpack `archive` into `folder`, which is empty."""

    archive: Path
    folder: Path


class Unpacked(BaseModel):
    """How much came out."""

    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Member:
    """One entry: its name as written, what it is, and how to read it."""

    name: str
    is_folder: bool
    is_file: bool
    open: Callable[[], IO[bytes] | None]


def unpack(order: UnpackOrder, report: Progress) -> Unpacked:
    """Raises InvalidRequest: damaged, encrypted, a bomb, or with entries that reach outside."""
    report(0.0, "unpacking")
    name = order.archive.name
    budget = _Budget(name, _FREE_BYTES + _MOST_RATIO * order.archive.stat().st_size)
    seen: set[str] = set()
    try:
        for member in _members(order.archive):
            target = order.folder / _checked_name(member, name, seen)
            if member.is_folder:
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(member, target, budget)
    except _DAMAGED as error:
        raise InvalidRequest(f"{name} is damaged ({type(error).__name__}); pack it anew") from None
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise InvalidRequest(f"{name} holds one name as a file and as a folder") from None
    return Unpacked(files=len(seen), size_bytes=budget.used)


class _Budget:
    """Counts what was really written, since an archive may declare anything."""

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = min(most, _MOST_BYTES)
        self.used = 0

    def take(self, size: int) -> None:
        self.used += size
        if self.used > self._most:
            raise InvalidRequest(
                f"{self._name} unpacks to more than {_MOST_RATIO} times its size or "
                f"{_MOST_BYTES // MIB} MiB; it is no model"
            )


def _checked_name(member: _Member, archive: str, seen: set[str]) -> str:
    name = member.name
    path = PurePosixPath(name)
    outside = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name
    if outside or not path.parts or not name.isprintable():
        raise InvalidRequest(f"{archive} holds an entry whose path leads out of it; pack it anew")
    if not (member.is_file or member.is_folder):
        raise InvalidRequest(f"{archive} holds a link or a device; pack plain files only")
    key = str(path).casefold()
    if key in seen and not member.is_folder:
        raise InvalidRequest(f"{archive} holds the same name twice; pack it anew")
    seen.add(key)
    if len(seen) > _MOST_FILES:
        raise InvalidRequest(f"{archive} holds more than {_MOST_FILES} files; it is no model")
    return str(path)


def _copy(member: _Member, target: Path, budget: _Budget) -> None:
    stream = member.open()
    if stream is None:
        raise InvalidRequest("the archive holds an entry without content")
    with stream, target.open("xb") as file:
        while chunk := stream.read(_CHUNK):
            budget.take(len(chunk))
            file.write(chunk)


def _members(path: Path) -> Iterator[_Member]:
    if zipfile.is_zipfile(path):
        yield from _in_zip(path)
    else:
        yield from _in_tar(path)


def _in_zip(path: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.flag_bits & _ENCRYPTED:
                raise InvalidRequest(f"{path.name} is encrypted; pack it without a password")
            kind = stat.S_IFMT(info.external_attr >> 16)
            is_file = not info.is_dir() and kind in (0, stat.S_IFREG)
            yield _Member(info.orig_filename, info.is_dir(), is_file, partial(archive.open, info))


def _in_tar(path: Path) -> Iterator[_Member]:
    with tarfile.open(path, "r|*") as archive:
        for info in archive:
            plain = info.isreg() and not info.issparse()
            yield _Member(info.name, info.isdir(), plain, partial(archive.extractfile, info))
