"""Reads an `.npz` of a model version as hostile input: nothing is read that was not declared."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from serving.domain.errors import CorruptModel
from serving.domain.tensor import AnyArray, TensorSpec

MOST_BYTES = 64 * 1024**2
"""Of all arrays of one archive together, unpacked."""
_HEADER_BYTES = 4096
"""Before each array; numpy writes 128."""
_READ_HEADER = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_tensors(path: Path, specs: Sequence[TensorSpec]) -> dict[str, AnyArray]:
    """The arrays by tensor name; each is one of `specs` in datatype and shape, none is pickled.

    Sizes are compared before anything is unpacked. Raises CorruptModel with one sentence.
    """
    known = {spec.name: spec for spec in specs}
    try:
        if path.stat().st_size > 2 * MOST_BYTES:  # zipfile reads the directory whole
            raise CorruptModel(f"{path.name} of the self-test is too large; record it again")
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, known, path.name)
            return {name: _read(archive, info, known[name]) for name, info in members.items()}
    except CorruptModel:
        raise
    except Exception as error:  # zip, zlib, lzma, struct, numpy, tokenize: each has its own
        raise CorruptModel(
            f"{path.name} of the self-test cannot be read ({type(error).__name__}); "
            "import the model again"
        ) from None


def _members(
    archive: zipfile.ZipFile, known: Mapping[str, TensorSpec], title: str
) -> dict[str, zipfile.ZipInfo]:
    """By tensor name. The size in the directory bounds what zipfile unpacks of a member."""
    found: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if name not in known or name in found:
            raise CorruptModel(
                f"{title} of the self-test holds an array that the model does not name, or one "
                "twice; record the self-test again"
            )
        if info.file_size > _most_bytes(known[name]) + _HEADER_BYTES:
            raise _unfit(known[name])
        found[name] = info
    if sum(info.file_size for info in found.values()) > MOST_BYTES + _HEADER_BYTES * len(found):
        raise CorruptModel(f"{title} of the self-test is too large; record it again")
    return found


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, spec: TensorSpec) -> AnyArray:
    with archive.open(info) as member:
        shape, is_fortran, dtype = _header(member)
        fits = len(shape) == len(spec.shape) and all(
            size >= 0 and wanted in (-1, size)
            for wanted, size in zip(spec.shape, shape, strict=True)
        )
        if not fits or dtype != spec.datatype.numpy:
            raise _unfit(spec)
        data = member.read(min(math.prod(shape) * dtype.itemsize, info.file_size))
    return np.frombuffer(data, dtype).reshape(shape, order="F" if is_fortran else "C")


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    shape, is_fortran, dtype = _READ_HEADER[np.lib.format.read_magic(member)](member)
    return shape, is_fortran, dtype


def _most_bytes(spec: TensorSpec) -> int:
    """What the declaration allows; a tensor of open sizes is bounded as the archive is."""
    if -1 in spec.shape:
        return MOST_BYTES
    return min(MOST_BYTES, math.prod(spec.shape) * spec.datatype.numpy.itemsize)


def _unfit(spec: TensorSpec) -> CorruptModel:
    return CorruptModel(
        f"{spec.name} in the self-test is not of the datatype and shape that the model declares; "
        "record the self-test again"
    )
