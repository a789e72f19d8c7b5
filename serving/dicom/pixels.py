"""Stored pixel values of single frames, native or compressed, as whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from serving.dicom import refusals
from serving.dicom.decoding import Decode, decode, undecodable
from serving.dicom.encapsulated import Fragment, join, read_frames
from serving.dicom.image import PixelFormat, require_monochrome
from serving.dicom.pixel_check import check_stream
from serving.dicom.source import PixelData, PixelElement

Stored = NDArray[np.int32]

_NATIVE = frozenset(
    {
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        DeflatedExplicitVRLittleEndian,
        ExplicitVRBigEndian,
    }
)


class FrameReader:
    """Decodes frames of one open instance; frames may be asked for from several threads."""

    def __init__(self, source: PixelData, form: PixelFormat, decode_frame: Decode = decode) -> None:
        """Raises UnsupportedImage where the pixels are absent, cut short or not monochrome."""
        require_monochrome(form)
        if source.pixels is None:
            raise refusals.bad_pixels("there is none")
        if source.pixels.length is not None and source.transfer_syntax not in _NATIVE:
            raise undecodable(source.transfer_syntax)
        self._source = source
        self._decode = decode_frame
        self._form = form
        self._pixels: PixelElement = source.pixels
        self._frames = self._locate()

    def _locate(self) -> tuple[tuple[Fragment, ...], ...]:
        if self._pixels.length is not None:
            return ()
        return read_frames(self._source.data, self._pixels.offset, self._form.frames)

    def read(self, index: int) -> Stored:
        """Stored values of frame `index`, int32 (rows, columns), sign and unused bits put right.

        Raises UnsupportedImage where they cannot be decoded.
        """
        if self._pixels.length is not None:
            return stored_values(self._native(index), self._form, shifted=True)
        syntax = self._source.transfer_syntax
        stream = join(self._source.data, self._frames[index])
        if syntax != RLELossless:
            check_stream(stream, self._form)
        decoded = self._decode(stream, syntax, self._form)
        return stored_values(decoded, self._form, shifted=syntax == RLELossless)

    def _native(self, index: int) -> NDArray[Any]:
        form, order = self._form, "<" if self._pixels.little_endian else ">"
        start = self._pixels.offset + index * form.frame_bytes
        data = self._source.data[start : start + form.frame_bytes]
        if len(data) < form.frame_bytes:
            raise refusals.truncated()
        kind = np.dtype(f"{order}u{form.bits_allocated // 8}")
        return np.frombuffer(data, dtype=kind).reshape(form.rows, form.columns)


def stored_values(raw: NDArray[Any], form: PixelFormat, *, shifted: bool) -> Stored:
    """`raw` cells as int32: the bits stored taken out of the bits allocated, then the sign.

    `shifted` where High Bit still counts (native and RLE cells; PS3.5 section 8.1.1): the value
    ends there, and what lies above, such as old overlays, is cut off.
    """
    excess = form.high_bit + 1 - form.bits_stored if shifted else 0
    values: NDArray[Any] = raw.astype(np.int64 if form.bits_allocated > 16 else np.int32)
    if 0 < excess <= form.bits_allocated - form.bits_stored:
        values = np.right_shift(values, excess)
    return sign_extended(values, form.bits_stored, form.signed).astype(np.int32, copy=False)


def sign_extended(values: NDArray[Any], bits: int, signed: bool) -> NDArray[Any]:
    """The lowest `bits` of `values`, read as unsigned or two's complement."""
    values = values & ((1 << bits) - 1)
    if not signed:
        return values
    half = 1 << (bits - 1)
    return (values ^ half) - half
