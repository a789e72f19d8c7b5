"""One DICOM file opened: its header parsed, its pixel data located, nothing decoded."""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from serving.dicom import refusals, tags
from serving.dicom.header_tags import HEADER_TAGS
from serving.dicom.quiet import quiet
from serving.dicom.settings import DicomSettings
from serving.dicom.stream import Bytes, HeaderStream, TooManyReads
from serving.domain.errors import UnsupportedImage

_PREFIX_AT = 128
_PIXEL_DATA = (0x7FE0, 0x0010)
_UNDEFINED = 0xFFFFFFFF
_PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_LONG_VRS = frozenset({b"OB", b"OW", b"UN", b"OD", b"OF", b"OL", b"OV"})


@dataclass(frozen=True, slots=True)
class PixelElement:
    """Where the value of Pixel Data lies; `length` None means encapsulated (PS3.5 annex A.4)."""

    offset: int
    length: int | None
    little_endian: bool


@dataclass(frozen=True, slots=True)
class PixelData:
    """The bytes of an instance (inflated where they were deflated) and where its pixels are."""

    data: Bytes
    transfer_syntax: str
    pixels: PixelElement | None


@dataclass(frozen=True, slots=True)
class Source(PixelData):
    """The parsed header beside the bytes that it came from."""

    header: Dataset


@contextmanager
def open_source(
    path: Path, settings: DicomSettings, wanted: Sequence[int] = HEADER_TAGS
) -> Iterator[Source]:
    """The file opened for as long as the context lasts; of its header `wanted` attributes are read.

    Raises UnsupportedImage: too large, not DICOM, cut short, nested too deeply, a deflate bomb.
    """
    quiet()
    with _mapped(path, settings) as data:
        yield _parse(data, settings, wanted)


@contextmanager
def open_pixels(
    path: Path, settings: DicomSettings, transfer_syntax: str, pixels: PixelElement | None
) -> Iterator[PixelData]:
    """As `open_source`, for a file whose header has been read: only inflated, not parsed, again."""
    quiet()
    if transfer_syntax == DeflatedExplicitVRLittleEndian:
        with open_source(path, settings) as source:
            yield source
        return
    with _mapped(path, settings) as data:
        yield PixelData(data, transfer_syntax, pixels)


@contextmanager
def _mapped(path: Path, settings: DicomSettings) -> Iterator[mmap.mmap]:
    size = path.stat().st_size
    if size > settings.max_instance_bytes:
        raise refusals.too_large("bytes in one DICOM file", settings.max_instance_bytes, size)
    if size == 0:
        raise refusals.not_dicom()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield data


def _parse(data: mmap.mmap, settings: DicomSettings, wanted: Sequence[int]) -> Source:
    try:
        return _read(data, settings, wanted)
    except UnsupportedImage:
        raise
    except (RecursionError, TooManyReads):
        raise refusals.too_complex() from None
    except Exception:  # pydicom raises anything on broken files, and its texts quote them
        raise refusals.not_dicom() from None


def _read(data: mmap.mmap, settings: DicomSettings, wanted: Sequence[int]) -> Source:
    stream = HeaderStream(data, settings.max_header_reads)
    meta = _read_meta(stream)
    syntax = tags.uid(meta, "TransferSyntaxUID")
    if syntax == DeflatedExplicitVRLittleEndian:
        inflated = _inflate(data, stream.tell(), settings)
        stream = HeaderStream(inflated, settings.max_header_reads)
        header = _read_deflated_header(stream, wanted)
        return _source(header, meta, inflated, stream, syntax)
    stream.seek(0)
    header = dcmread(
        cast(BinaryIO, stream), stop_before_pixels=True, force=True, specific_tags=list(wanted)
    )
    return _source(header, meta, data, stream, syntax or _guessed_syntax(header))


def _read_meta(stream: HeaderStream) -> Dataset:
    """The file meta group, with or without the preamble before it; leaves the stream behind it."""
    stream.seek(_PREFIX_AT)
    if stream.read(4) != b"DICM":
        stream.seek(0)
    return read_dataset(
        cast(BinaryIO, stream),
        is_implicit_VR=False,
        is_little_endian=True,
        stop_when=lambda tag, vr, length: tag >> 16 != 2,
    )


def _read_deflated_header(stream: HeaderStream, wanted: Sequence[int]) -> Dataset:
    return read_dataset(
        cast(BinaryIO, stream),
        is_implicit_VR=False,
        is_little_endian=True,
        stop_when=_at_pixels,
        specific_tags=[BaseTag(tag) for tag in wanted],
    )


def _at_pixels(tag: BaseTag, vr: str | None, length: int) -> bool:
    return tag in _PIXEL_TAGS


def _inflate(data: mmap.mmap, start: int, settings: DicomSettings) -> bytes:
    packed = data[start:]
    limit = min(
        settings.max_instance_bytes,
        settings.free_inflated_bytes + settings.max_inflate_ratio * len(packed),
    )
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        found = machine.decompress(packed, limit)
        if not machine.eof and len(found) >= limit:
            raise refusals.inflates_too_far()
    except zlib.error:
        raise refusals.truncated() from None
    if not machine.eof:
        raise refusals.truncated()
    return found


def _guessed_syntax(header: Dataset) -> str:
    """The transfer syntax of a file that does not say, from how it could be read."""
    implicit, little = header.original_encoding
    if implicit:
        return str(ImplicitVRLittleEndian)
    return "1.2.840.10008.1.2.1" if little else "1.2.840.10008.1.2.2"


def _source(
    header: Dataset, meta: Dataset, data: Bytes, stream: HeaderStream, syntax: str
) -> Source:
    known = tags.uid(header, "SOPClassUID") or tags.uid(meta, "MediaStorageSOPClassUID")
    if not known.startswith("1.2.840."):
        raise refusals.not_dicom()
    if stream.cut_short or not _says_what_it_is(header, known):
        raise refusals.truncated()
    header.SOPClassUID = known
    if not tags.uid(header, "SOPInstanceUID"):
        header.SOPInstanceUID = tags.uid(meta, "MediaStorageSOPInstanceUID")
    return Source(data, syntax, _locate_pixels(data, stream.tell()), header)


def _says_what_it_is(header: Dataset, sop_class: str) -> bool:
    """Whether the data set names itself; a DICOMDIR (PS3.3 annex F) has no need to."""
    own = tags.uid(header, "SOPInstanceUID") or tags.uid(header, "StudyInstanceUID")
    return bool(own) or sop_class == MediaStorageDirectoryStorage


def _locate_pixels(data: Bytes, at: int) -> PixelElement | None:
    """The Pixel Data element that starts at `at`; None where the header was all there is."""
    start = bytes(data[at : at + 12])
    if len(start) < 8:
        return None
    order = "<" if struct.unpack("<HH", start[:4]) == _PIXEL_DATA else ">"
    if struct.unpack(f"{order}HH", start[:4]) != _PIXEL_DATA:
        return None
    explicit = start[4:6] in _LONG_VRS and start[6:8] == b"\0\0"
    if explicit and len(start) < 12:
        raise refusals.truncated()
    length = struct.unpack(f"{order}L", start[8:12] if explicit else start[4:8])[0]
    offset = at + (12 if explicit else 8)
    return PixelElement(offset, None if length == _UNDEFINED else length, order == "<")
