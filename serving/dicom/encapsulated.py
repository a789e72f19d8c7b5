"""Compressed pixel data: fragments between item tags (PS3.5 annex A.4), grouped into frames."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from serving.dicom import refusals
from serving.dicom.stream import Bytes

_ITEM = 0xE000FFFE
_DELIMITER = 0xE0DDFFFE
_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP")
"""How a JPEG, a JPEG 2000 and a JP2 stream begin."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """One fragment's bytes; `item_offset` counts from the end of the basic offset table."""

    offset: int
    length: int
    item_offset: int


def read_frames(data: Bytes, start: int, frames: int) -> tuple[tuple[Fragment, ...], ...]:
    """The fragments of each of `frames` frames; the value of Pixel Data starts at `start`.

    Raises UnsupportedImage where the data ends early or holds fewer frames than declared.
    """
    table, fragments = _walk(data, start)
    if not fragments:
        raise refusals.bad_pixels("it is empty")
    if frames == 1:
        return (tuple(fragments),)
    if len(fragments) < frames:
        raise refusals.bad_pixels("it holds fewer frames than the header says")
    if len(fragments) == frames:
        return tuple((fragment,) for fragment in fragments)
    starts = set(table) if len(table) == frames else _signed_starts(data, fragments)
    grouped = _group(fragments, starts)
    if len(grouped) != frames:
        raise refusals.bad_pixels("where one frame ends and the next begins cannot be told")
    return grouped


def join(data: Bytes, fragments: tuple[Fragment, ...]) -> bytes:
    """The compressed stream of one frame."""
    return b"".join(bytes(data[f.offset : f.offset + f.length]) for f in fragments)


def _walk(data: Bytes, start: int) -> tuple[tuple[int, ...], list[Fragment]]:
    """The basic offset table and every fragment, up to the delimiter that must be there."""
    position, table, fragments = start, None, list[Fragment]()
    base = start
    while True:
        if position + 8 > len(data):
            raise refusals.truncated()
        tag, length = struct.unpack("<LL", bytes(data[position : position + 8]))
        if tag == _DELIMITER:
            return table or (), fragments
        if tag != _ITEM or position + 8 + length > len(data):
            raise refusals.truncated()
        if table is None:
            table = _offsets(bytes(data[position + 8 : position + 8 + length]))
            base = position + 8 + length
        else:
            fragments.append(Fragment(position + 8, length, position - base))
        position += 8 + length


def _offsets(data: bytes) -> tuple[int, ...]:
    count = len(data) // 4
    return struct.unpack(f"<{count}L", data[: 4 * count])


def _signed_starts(data: Bytes, fragments: list[Fragment]) -> set[int]:
    """Offsets of the fragments that begin as a compressed stream begins."""
    return {
        f.item_offset
        for f in fragments
        if any(bytes(data[f.offset : f.offset + 6]).startswith(mark) for mark in _STARTS)
    }


def _group(fragments: list[Fragment], starts: set[int]) -> tuple[tuple[Fragment, ...], ...]:
    groups: list[list[Fragment]] = []
    for fragment in fragments:
        if fragment.item_offset in starts or not groups:
            groups.append([])
        groups[-1].append(fragment)
    return tuple(tuple(group) for group in groups)
