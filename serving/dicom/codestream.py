"""What a compressed frame says of its own size, read before any decoder allocates for it."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from serving.dicom import refusals

_FRAME_HEADERS = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
"""SOF0..SOF15 without DHT, JPG and DAC (ITU-T T.81 table B.1), and SOF55 of JPEG-LS (T.87)."""
_HIERARCHICAL = 0xDE
_SCAN = 0xDA
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class StreamSize:
    """Size and sample count of one compressed frame."""

    rows: int
    columns: int
    samples: int


def read_size(stream: bytes) -> StreamSize:
    """The size in a JPEG, JPEG-LS or JPEG 2000 header.

    Raises UnsupportedImage where there is no such header or it is cut short.
    """
    try:
        if stream[:2] == b"\xff\xd8":
            return _jpeg(stream)
        at = stream.find(b"\xff\x4f\xff\x51", 0, 4096)
        if at >= 0:
            return _jpeg_2000(stream, at)
    except (struct.error, IndexError):
        raise refusals.truncated() from None
    raise refusals.bad_pixels("it is not a stream of the compression that the header names")


def _jpeg(stream: bytes) -> StreamSize:
    at = 2
    while True:
        if stream[at] != 0xFF:
            raise refusals.bad_pixels("its JPEG markers are broken")
        marker = stream[at + 1]
        if marker == 0xFF or marker in _STANDALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in (_HIERARCHICAL, _SCAN):
            raise refusals.bad_pixels("its JPEG stream has no plain frame header")
        (length,) = struct.unpack_from(">H", stream, at + 2)
        if marker in _FRAME_HEADERS:
            rows, columns, samples = struct.unpack_from(">HHB", stream, at + 5)
            return StreamSize(rows, columns, samples)
        at += 2 + length


def _jpeg_2000(stream: bytes, at: int) -> StreamSize:
    """The SIZ segment (ITU-T T.800 section A.5.1)."""
    width, height, left, top = struct.unpack_from(">LLLL", stream, at + 8)
    (samples,) = struct.unpack_from(">H", stream, at + 40)
    return StreamSize(height - top, width - left, samples)
