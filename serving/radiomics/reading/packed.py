"""Bytes out of a file that may be compressed, never more than asked for."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from serving.dicom import refusals
from serving.dicom.settings import DicomSettings
from serving.domain.errors import UnsupportedImage

GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 16 * 1024 * 1024


@contextmanager
def open_bounded(path: Path, settings: DicomSettings) -> Iterator[BinaryIO]:
    """The file for reading; raises UnsupportedImage where it is larger than `settings` allows."""
    size = path.stat().st_size
    if size > settings.max_decoded_bytes:
        raise refusals.too_large("bytes of an image file", settings.max_decoded_bytes, size)
    with path.open("rb") as file:
        yield file


def gunzipped(file: BinaryIO) -> BinaryIO:
    """`file` inflated as it is read."""
    return cast(BinaryIO, gzip.GzipFile(fileobj=file, mode="rb"))


def bunzipped(file: BinaryIO) -> BinaryIO:
    """`file` (bzip2) inflated as it is read."""
    return cast(BinaryIO, bz2.BZ2File(file, mode="rb"))


def read_exactly(file: BinaryIO, count: int) -> bytearray:
    """`count` bytes; memory grows with what is there, not with what is declared.

    Raises UnsupportedImage where the file ends before, or its compression is broken.
    """
    found = bytearray()
    try:
        while len(found) < count:
            part = file.read(min(_CHUNK, count - len(found)))
            if not part:
                raise cut_short()
            found += part
    except (EOFError, zlib.error, gzip.BadGzipFile, OSError, ValueError):
        raise cut_short() from None
    return found


def read_to_the_end(file: BinaryIO) -> None:
    """One read beyond the voxels, so that a checksum behind them is looked at.

    Raises UnsupportedImage where the file ends within its own checksum, or that is wrong.
    """
    try:
        file.read(1)
    except (EOFError, zlib.error, gzip.BadGzipFile, OSError, ValueError):
        raise cut_short() from None


def cut_short() -> UnsupportedImage:
    return UnsupportedImage(
        "an image file ends before its voxels do, or its compression is broken; it was cut short, "
        "copy or export it again"
    )
