"""Whether declared pixels are really there, and small enough to be decoded."""

from __future__ import annotations

from pydicom.uid import RLELossless

from serving.dicom import refusals
from serving.dicom.codestream import read_size
from serving.dicom.encapsulated import Fragment, join, read_frames
from serving.dicom.image import PixelFormat
from serving.dicom.settings import DicomSettings
from serving.dicom.source import PixelElement, Source

_STREAM_HEADER_BYTES = 64 * 1024


def check_size(form: PixelFormat, settings: DicomSettings) -> None:
    """Raises UnsupportedImage where the declared size is nothing or too much."""
    if not form.rows or not form.columns or not form.bits_allocated:
        raise refusals.bad_pixels("the header does not say how many rows, columns and bits it has")
    for what, limit, found in (
        ("rows of an image", settings.max_rows, form.rows),
        ("columns of an image", settings.max_columns, form.columns),
        ("frames of an instance", settings.max_frames, form.frames),
        ("bytes of decoded pixels", settings.max_decoded_bytes, form.total_bytes),
    ):
        if found > limit:
            raise refusals.too_large(what, limit, found)


def check_present(source: Source, pixels: PixelElement, form: PixelFormat) -> None:
    """Raises UnsupportedImage where pixels are missing or a stream claims another size."""
    if pixels.length is not None:
        _check_native(source, pixels, pixels.length, form)
        return
    for fragments in read_frames(source.data, pixels.offset, form.frames):
        if source.transfer_syntax != RLELossless:
            check_stream(_head(source, fragments), form)


def check_stream(stream: bytes, form: PixelFormat) -> None:
    """Raises UnsupportedImage where a compressed stream is not of the declared size."""
    size = read_size(stream)
    if (size.rows, size.columns, size.samples) != (form.rows, form.columns, form.samples):
        raise refusals.bad_pixels("a compressed frame has another size than the header says")


def _check_native(source: Source, pixels: PixelElement, length: int, form: PixelFormat) -> None:
    if pixels.offset + length > len(source.data):
        raise refusals.truncated()
    expected = form.total_bytes
    if form.photometric == "YBR_FULL_422":
        expected = expected * 2 // 3
    if length < expected:
        raise refusals.bad_pixels("it holds fewer pixels than the header says")


def _head(source: Source, fragments: tuple[Fragment, ...]) -> bytes:
    first = fragments[0]
    if first.length >= _STREAM_HEADER_BYTES or len(fragments) == 1:
        length = min(first.length, _STREAM_HEADER_BYTES)
        return bytes(source.data[first.offset : first.offset + length])
    return join(source.data, fragments)[:_STREAM_HEADER_BYTES]
