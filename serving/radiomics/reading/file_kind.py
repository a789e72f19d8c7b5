"""What a file is, told by its first bytes: names and endings are not relied on."""

from __future__ import annotations

import zlib
from enum import StrEnum
from pathlib import Path

from serving.domain.errors import InvalidRequest
from serving.radiomics.reading.nifti_file import is_nifti
from serving.radiomics.reading.nrrd_file import MAGIC
from serving.radiomics.reading.packed import GZIP_MAGIC

_START_BYTES = 4096


class FileKind(StrEnum):
    """How an image or a mask is stored."""

    DICOM = "dicom"
    NIFTI = "nifti"
    NRRD = "nrrd"
    UNKNOWN = "unknown"


def kind_of(path: Path, what: str) -> FileKind:
    """The kind of the file at `path`; a folder is DICOM.

    A DICOM file without preamble counts as unknown. Raises InvalidRequest, which says `what`
    (image or mask), where nothing is there or it cannot be opened.
    """
    if path.is_dir():
        return FileKind.DICOM
    start = _start(path)
    if start is None:
        raise InvalidRequest(
            f"expected the {what}'s file or folder, and nothing can be opened at its path; check "
            "the path and who may read it"
        )
    if start[128:132] == b"DICM":
        return FileKind.DICOM
    if start.startswith(MAGIC):
        return FileKind.NRRD
    return FileKind.NIFTI if is_nifti(_inflated(start)) else FileKind.UNKNOWN


def _start(path: Path) -> bytes | None:
    """None where there is no regular file (a pipe would be waited for) or it cannot be read."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return file.read(_START_BYTES)
    except OSError:
        return None


def the_only_file(path: Path) -> Path:
    """The file in the folder `path` where it holds just one, else `path` itself."""
    if not path.is_dir():
        return path
    files = [one for one in path.iterdir() if not one.name.startswith(".")]
    return files[0] if len(files) == 1 and files[0].is_file() else path


def _inflated(start: bytes) -> bytes:
    """The first bytes behind gzip; of a stream that is broken from the start, none."""
    if not start.startswith(GZIP_MAGIC):
        return start
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(start, 16)
    except zlib.error:
        return b""
