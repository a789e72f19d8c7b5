"""NRRD files with the voxels in them (teem.sourceforge.net/nrrd/format.html)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import nrrd
import numpy as np
from numpy.typing import NDArray

from serving.dicom.settings import DicomSettings
from serving.domain.errors import UnsupportedImage
from serving.domain.volume import Float64
from serving.radiomics.reading.grid import regular_grid, require_size
from serving.radiomics.reading.mask_source import Entry
from serving.radiomics.reading.packed import (
    bunzipped,
    gunzipped,
    open_bounded,
    read_exactly,
    read_to_the_end,
)
from serving.radiomics.reading.scan import Scan
from serving.radiomics.reading.segment_names import merged_layers, segment_names

MAGIC = b"NRRD000"
_MOST_HEADER = 4 * 1024 * 1024
_TYPES = {
    "i1": "signed char|int8|int8_t",
    "u1": "uchar|unsigned char|uint8|uint8_t",
    "i2": "short|short int|signed short|signed short int|int16|int16_t",
    "u2": "ushort|unsigned short|unsigned short int|uint16|uint16_t",
    "i4": "int|signed int|int32|int32_t",
    "u4": "uint|unsigned int|uint32|uint32_t",
    "i8": "longlong|long long|long long int|signed long long|signed long long int|int64|int64_t",
    "u8": "ulonglong|unsigned long long|unsigned long long int|uint64|uint64_t",
    "f4": "float",
    "f8": "double",
}
_NUMPY = {name: kind for kind, names in _TYPES.items() for name in names.split("|")}
_OPENERS: dict[str, Callable[[BinaryIO], BinaryIO]] = {
    "raw": lambda file: file,
    "gzip": gunzipped,
    "gz": gunzipped,
    "bzip2": bunzipped,
    "bz2": bunzipped,
}
_TO_LPS = {
    "left-posterior-superior": (1, 1, 1),
    "lps": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1),
    "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1),
    "las": (1, -1, 1),
}


@dataclass(frozen=True, slots=True)
class _Header:
    """What the header says, in the file's order of axes: the fastest first."""

    sizes: tuple[int, ...]
    kind: np.dtype[Any]
    encoding: str
    fields: dict[str, Any]


def read_nrrd(path: Path, settings: DicomSettings) -> Scan:
    """The volume in a NRRD file; of segmentations as 3D Slicer writes them also the names.

    Raises UnsupportedImage: cut short, too large, voxels in another file, colours, vectors, a
    series of volumes, an encoding other than raw, gzip and bzip2.
    """
    with open_bounded(path, settings) as file:
        header = _header(file)
        layered = len(header.sizes) == 4
        require_size(tuple(reversed(header.sizes)), settings)
        opened = _OPENERS[header.encoding](file)
        raw = read_exactly(opened, prod(header.sizes) * header.kind.itemsize)
        read_to_the_end(opened)
    values = np.frombuffer(raw, dtype=header.kind).reshape(header.sizes[::-1])
    names = segment_names(header.fields)
    if layered:
        values, names = merged_layers(values, names)
    return _scan(values, header, tuple(Entry(one.number, one.name) for one in names))


def _scan(values: NDArray[Any], header: _Header, names: tuple[Entry, ...]) -> Scan:
    affine, notices = _affine(header)
    slices, rows, columns = values.shape
    grid = regular_grid((slices, rows, columns), affine)
    return Scan(values, grid, notices=notices, names=names)


def _header(file: BinaryIO) -> _Header:
    """The header read, `file` left at the first byte behind it."""
    start = file.read(_MOST_HEADER)
    end, length = _blank_line(start)
    if not start.startswith(MAGIC) or end < 0:
        raise _bad("it is not NRRD, or its header does not end")
    file.seek(end + length)
    try:
        fields = dict(nrrd.read_header(start[:end].decode("ascii", "replace").splitlines()))
        sizes = tuple(int(n) for n in fields["sizes"])
        kind, encoding = str(fields["type"]).lower(), str(fields["encoding"]).lower()
    except Exception:  # pynrrd raises anything on broken headers, and quotes them
        raise _bad("its header makes no sense") from None
    return _checked(sizes, kind, encoding, fields)


def _blank_line(start: bytes) -> tuple[int, int]:
    """Where the header ends, and how long the mark is that ends it."""
    found = [(at, len(mark)) for mark in (b"\n\n", b"\r\n\r\n") if (at := start.find(mark)) >= 0]
    return min(found, default=(-1, 0))


def _checked(sizes: tuple[int, ...], kind: str, encoding: str, fields: dict[str, Any]) -> _Header:
    if any(name in fields for name in ("data file", "datafile")):
        raise _bad("its voxels lie in another file, which is not opened; save both as one .nrrd")
    if any(name in fields for name in ("line skip", "lineskip", "byte skip", "byteskip")):
        raise _bad("bytes are to be skipped before its voxels; save it anew without that")
    if kind not in _NUMPY:
        raise _bad("its voxels are not whole or real numbers of at most 64 bits")
    if encoding not in _OPENERS:
        raise _bad("expected the encoding raw, gzip or bzip2; save it with one of them")
    if len(sizes) not in (3, 4) or (len(sizes) == 4 and not segment_names(fields)):
        raise _bad(
            f"one number a voxel in three dimensions was expected, and it has {len(sizes)}: "
            "colours, vectors or a series of volumes"
        )
    if min(sizes) < 1 or "color" in " ".join(str(one) for one in fields.get("kinds", ())).lower():
        raise _bad("one number a voxel in three dimensions was expected, and it holds colours")
    order = ">" if str(fields.get("endian", "little")).lower() == "big" else "<"
    return _Header(sizes, np.dtype(order + _NUMPY[kind]), encoding, fields)


def _affine(header: _Header) -> tuple[Float64, tuple[str, ...]]:
    """(column, row, slice, 1) to LPS mm."""
    directions = header.fields.get("space directions")
    signs = _TO_LPS.get(str(header.fields.get("space", "")).lower())
    affine = np.eye(4)
    if directions is None or signs is None:
        spacings = np.asarray(header.fields.get("spacings", [1.0] * 3), dtype=np.float64)[-3:]
        axes = np.diag(spacings) if directions is None else _rows(directions).T
        affine[:3, :3] = axes
        return affine, (
            "The image file does not say how it lies in the patient; its spacings were taken.",
        )
    affine[:3, :3] = _rows(directions).T * np.array(signs)[:, None]
    origin = np.asarray(header.fields.get("space origin", [0.0] * 3), dtype=np.float64)
    if origin.shape != (3,):
        raise _bad("its header does not say where the voxels lie")
    affine[:3, 3] = origin * signs
    return affine, ()


def _rows(directions: Any) -> Float64:
    """One row an axis of space: that of a list of components or layers has none."""
    rows = [np.asarray(row, dtype=np.float64) for row in directions if row is not None]
    rows = [row for row in rows if row.shape == (3,) and np.isfinite(row).all()]
    if len(rows) != 3:
        raise _bad("its header does not say where the voxels lie")
    return np.array(rows)


def _bad(why: str) -> UnsupportedImage:
    return UnsupportedImage(f"a NRRD file cannot be used: {why}")
