"""A label map read slice by slice, so that two of them compare in the memory of two slices."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from serving.domain.errors import InvalidRequest

_HEADER_BYTES = 348
_HEADER = struct.Struct("<i36x4h8x14xh36xf")
"""sizeof_hdr, the first four of dim, datatype, vox_offset (nifti1.h)."""
_MOST_OFFSET = 1 << 16
_UINT16 = 512
"""Data type of the box's own lesion maps."""
_BROKEN = (EOFError, zlib.error, gzip.BadGzipFile)


@dataclass(frozen=True, slots=True)
class LabelPlanes:
    """The slices of an open label map; `grid` is its shape and affine, as bytes to compare."""

    grid: bytes
    shape: tuple[int, int, int]
    """(columns, rows, slices)."""
    file: BinaryIO

    def __iter__(self) -> Iterator[NDArray[np.uint16]]:
        """Each slice as (rows, columns), in order. Raises InvalidRequest where one is cut short."""
        columns, rows, slices = self.shape
        size = 2 * columns * rows
        for _ in range(slices):
            data = _read(self.file, size)
            yield np.frombuffer(data, dtype="<u2").reshape(rows, columns)
        if _some(self.file, 1):  # looks at the checksum behind the last slice, too
            raise InvalidRequest("a lesion map goes on behind its last slice")


@contextmanager
def open_labels(path: Path) -> Iterator[LabelPlanes]:
    """A `.nii.gz` of unsigned 16-bit labels as `chest_ct` writes it.

    Raises InvalidRequest for any other file, OSError where there is none.
    """
    with gzip.open(path, "rb") as opened:
        file = cast(BinaryIO, opened)
        header = _read(file, _HEADER_BYTES)
        size, axes, columns, rows, slices, kind, offset = _HEADER.unpack_from(header)
        ours = size == _HEADER_BYTES and kind == _UINT16 and _HEADER_BYTES <= offset <= _MOST_OFFSET
        if not ours or axes != 3 or min(columns, rows, slices) < 1:
            raise InvalidRequest("a lesion map of the box was expected, and another file is there")
        _read(file, int(offset) - _HEADER_BYTES)
        # dim, then the rows of the affine (srow_x, srow_y, srow_z).
        grid = header[40:56] + header[280:328]
        yield LabelPlanes(grid, (columns, rows, slices), file)


def _read(file: BinaryIO, count: int) -> bytes:
    data = _some(file, count)
    if len(data) != count:
        raise InvalidRequest("a lesion map ends before its last slice")
    return data


def _some(file: BinaryIO, most: int) -> bytes:
    try:
        return file.read(most)
    except _BROKEN:
        raise InvalidRequest("the compression of a lesion map is broken") from None
