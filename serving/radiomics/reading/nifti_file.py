"""NIfTI-1 and NIfTI-2 files, plain or gzipped, header and voxels in one (nifti.nimh.nih.gov)."""

from __future__ import annotations

from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import nibabel
import numpy as np
from numpy.typing import NDArray

from serving.dicom.settings import DicomSettings
from serving.domain.errors import UnsupportedImage
from serving.domain.volume import RAS_FROM_LPS, Float64
from serving.radiomics.reading.grid import regular_grid, require_size
from serving.radiomics.reading.packed import (
    GZIP_MAGIC,
    gunzipped,
    open_bounded,
    read_exactly,
    read_to_the_end,
)
from serving.radiomics.reading.scan import Scan

HEADER_BYTES = {348: nibabel.Nifti1Header, 540: nibabel.Nifti2Header}
_SINGLE_FILE = (b"n+1\0", b"n+2\0")
_MOST_OFFSET = 64 * 1024 * 1024
_MM = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}


def read_nifti(path: Path, settings: DicomSettings) -> Scan:
    """The volume in a NIfTI file, its scaling applied.

    Raises UnsupportedImage: cut short, too large, a header that makes no sense, colours, a series
    of volumes, header and voxels in two files.
    """
    with open_bounded(path, settings) as file:
        packed = file.read(2) == GZIP_MAGIC
        file.seek(0)
        return _read(gunzipped(file) if packed else file, settings)


def is_nifti(start: bytes) -> bool:
    """Whether a file that starts with these (inflated) bytes is NIfTI or a relative."""
    return any(int.from_bytes(start[:4], order) in HEADER_BYTES for order in ("little", "big"))


def _read(file: BinaryIO, settings: DicomSettings) -> Scan:
    start = bytes(read_exactly(file, 4))
    if not is_nifti(start):
        raise _bad("it is not NIfTI")
    size = min(int.from_bytes(start, "little"), int.from_bytes(start, "big"))
    header = _parsed(start + bytes(read_exactly(file, size - 4)), size)
    shape = _shape(header)
    require_size(shape, settings)
    kind = header.get_data_dtype()
    if kind.kind not in "iuf" or kind.itemsize > 8:
        raise _bad("it holds colours or complex numbers, and one real number a voxel was expected")
    read_exactly(file, _offset(header) - size)
    raw = read_exactly(file, prod(shape) * kind.itemsize)
    read_to_the_end(file)
    values = np.frombuffer(raw, dtype=kind).reshape(shape)
    affine, notices = _affine(header)
    return Scan(_scaled(values, header), regular_grid(shape, affine), notices=notices)


def _parsed(data: bytes, size: int) -> Any:
    try:
        header = HEADER_BYTES[size].from_fileobj(BytesIO(data), check=False)
        header.get_data_dtype()
    except Exception:  # nibabel raises anything on broken headers, and quotes them
        raise _bad("its header makes no sense") from None
    if bytes(header["magic"].item())[:3] not in (mark[:3] for mark in _SINGLE_FILE):
        raise _bad("header and voxels in one file were expected, and they lie in two")
    return header


def _shape(header: Any) -> tuple[int, int, int]:
    """(slices, rows, columns)."""
    try:
        sizes = tuple(int(n) for n in header.get_data_shape())
    except Exception:  # as above
        raise _bad("its header makes no sense") from None
    if len(sizes) < 2 or min(sizes) < 1:
        raise _bad("its header does not say how many voxels it has")
    if prod(sizes[3:]) != 1:
        raise _bad("one volume was expected, and it holds a series of them; send one of them")
    columns, rows, slices = (*sizes, 1)[:3]
    return slices, rows, columns


def _offset(header: Any) -> int:
    """Bytes before the voxels."""
    found, least = float(header["vox_offset"]), int(header["sizeof_hdr"])
    if not least <= found <= _MOST_OFFSET:
        raise _bad("its header does not say where the voxels start")
    return int(found)


def _scaled(values: NDArray[Any], header: Any) -> NDArray[Any]:
    """`scl_slope * value + scl_inter`; a slope of 0 means that there is no scaling."""
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    intercept = intercept if np.isfinite(intercept) else 0.0
    if not np.isfinite(slope) or slope == 0 or (slope, intercept) == (1.0, 0.0):
        return values
    return np.asarray(values * np.float64(slope) + intercept)


def _affine(header: Any) -> tuple[Float64, tuple[str, ...]]:
    """(column, row, slice, 1) to LPS mm: by sform, else qform, else spacings alone."""
    try:
        affine = np.asarray(header.get_best_affine(), dtype=np.float64)
        unit = str(header.get_xyzt_units()[0])
    except Exception:  # as above
        raise _bad("its header does not say where the voxels lie") from None
    affine[:3] *= _MM.get(unit, 1.0)
    placed = int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0
    unplaced = "The image file does not say how it lies in the patient; its spacings were taken."
    return RAS_FROM_LPS @ affine, () if placed else (unplaced,)


def _bad(why: str) -> UnsupportedImage:
    return UnsupportedImage(f"a NIfTI file cannot be used: {why}")
