"""How the pixels of an instance are stored (PS3.3 section C.7.6.3, Image Pixel module)."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset

from serving.dicom import refusals, tags

_MOST_FRAMES = 2**31 - 1


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """Shape and encoding of one instance's pixels."""

    rows: int
    columns: int
    frames: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    photometric: str

    @property
    def bytes_per_pixel(self) -> int:
        return self.samples * self.bits_allocated // 8

    @property
    def frame_bytes(self) -> int:
        return self.rows * self.columns * self.samples * self.bits_allocated // 8

    @property
    def total_bytes(self) -> int:
        return (
            self.rows * self.columns * self.samples * self.frames * self.bits_allocated + 7
        ) // 8


def read_format(header: Dataset) -> PixelFormat:
    """The format as declared; absent numbers become 0, or the usual value where there is one."""
    allocated = tags.integer(header, "BitsAllocated", 0)
    stored = tags.integer(header, "BitsStored", 0) or allocated
    frames = tags.integer(header, "NumberOfFrames", 1)
    return PixelFormat(
        rows=max(0, tags.integer(header, "Rows", 0)),
        columns=max(0, tags.integer(header, "Columns", 0)),
        frames=min(max(1, frames), _MOST_FRAMES),
        samples=max(1, tags.integer(header, "SamplesPerPixel", 1)),
        bits_allocated=max(0, allocated),
        bits_stored=max(0, stored),
        high_bit=tags.integer(header, "HighBit", stored - 1),
        signed=tags.integer(header, "PixelRepresentation", 0) == 1,
        photometric=tags.text(header, "PhotometricInterpretation").upper() or "MONOCHROME2",
    )


def require_monochrome(form: PixelFormat) -> None:
    """Raises UnsupportedImage unless the pixels are whole numbers of 8, 16 or 32 bits."""
    if form.samples != 1:
        raise refusals.bad_pixels("expected one value a pixel, and a colour image came")
    if form.bits_allocated not in (8, 16, 32):
        raise refusals.bad_pixels("expected 8, 16 or 32 bits a pixel")
    if not 1 <= form.bits_stored <= form.bits_allocated:
        raise refusals.bad_pixels("more bits are said to be stored than there are")
