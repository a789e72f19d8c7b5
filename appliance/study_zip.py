"""Reads a zip entry by entry into memory's window; nothing is unpacked, so no path can escape."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from serving.domain.errors import InvalidRequest

MIB = 2**20
GIB = 2**30
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True)
class ZipLimits:
    """What a zip may hold. A reader never yields more of an entry than it declares."""

    max_entries: int = 20_000
    max_entry_bytes: int = 2 * GIB
    max_total_bytes: int = 16 * GIB
    max_ratio: int = 200
    """Of all entries together; CT compresses to a half or a third."""
    free_bytes: int = 64 * MIB
    """What is always allowed, however well it was compressed."""


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """A file in the zip. `open` raises InvalidRequest where the zip is damaged there."""

    name: str
    size_bytes: int
    open: Callable[[], BinaryIO]


@contextmanager
def open_zip(path: Path, limits: ZipLimits) -> Iterator[list[ZipEntry]]:
    """The zip's files, by name. Raises InvalidRequest: damaged, encrypted, or a bomb."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError):
        raise InvalidRequest("the zip is damaged; make it again") from None
    with archive:
        infos = sorted((i for i in archive.infolist() if not i.is_dir()), key=lambda i: i.filename)
        _check(infos, path.stat().st_size, limits)
        yield [_entry(archive, info) for info in infos]


def _check(infos: list[zipfile.ZipInfo], packed_bytes: int, limits: ZipLimits) -> None:
    total = sum(info.file_size for info in infos)
    largest = max((info.file_size for info in infos), default=0)
    if len(infos) > limits.max_entries:
        raise InvalidRequest(f"the zip holds {len(infos)} files; {limits.max_entries} are allowed")
    if largest > limits.max_entry_bytes or total > limits.max_total_bytes:
        raise InvalidRequest(
            f"the zip unpacks to {total / GIB:.1f} GiB, its largest file to {largest / GIB:.1f}; "
            f"{limits.max_total_bytes / GIB:.1f} and {limits.max_entry_bytes / GIB:.1f} are allowed"
        )
    if total > limits.free_bytes + limits.max_ratio * packed_bytes:
        raise InvalidRequest(
            f"the zip unpacks to more than {limits.max_ratio} times its size; it is no study"
        )
    if any(info.flag_bits & _ENCRYPTED for info in infos):
        raise InvalidRequest("the zip is encrypted; send it decrypted, over loopback only")


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> ZipEntry:
    def opened() -> BinaryIO:
        try:
            return cast(BinaryIO, _CheckedStream(archive.open(info)))
        except (zipfile.BadZipFile, NotImplementedError, OSError, RuntimeError):
            raise _damaged() from None

    return ZipEntry(info.filename, info.file_size, opened)


class _CheckedStream:
    """Reads one entry; what zipfile raises becomes one sentence."""

    def __init__(self, stream: object) -> None:
        self._stream = cast(BinaryIO, stream)

    def __enter__(self) -> _CheckedStream:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError):
            raise _damaged() from None


def _damaged() -> InvalidRequest:
    return InvalidRequest("a file in the zip is damaged or packed in an unknown way; make it again")
