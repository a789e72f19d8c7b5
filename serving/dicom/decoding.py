"""One compressed frame to pixels, in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, AllTransferSyntaxes

from serving.dicom import refusals
from serving.dicom.image import PixelFormat
from serving.domain.errors import UnsupportedImage

Decode = Callable[[bytes, str, PixelFormat], NDArray[Any]]
"""Stream, transfer syntax and declared format to cells (rows, columns). Raises UnsupportedImage."""


def decode(stream: bytes, syntax: str, form: PixelFormat) -> NDArray[Any]:
    """One compressed frame through pydicom's decoders (pylibjpeg; RLE is pydicom's own)."""
    options: dict[str, Any] = {
        "rows": form.rows,
        "columns": form.columns,
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "bits_allocated": form.bits_allocated,
        "bits_stored": form.bits_stored,
        "pixel_representation": int(form.signed),
        "photometric_interpretation": "MONOCHROME2",
    }
    try:
        decoder = get_decoder(UID(syntax))
        decoded, _ = decoder.as_array(encapsulate([stream]), raw=True, index=0, **options)
    except Exception:  # decoders raise anything on broken streams, and quote the header
        raise undecodable(syntax) from None
    if decoded.shape != (form.rows, form.columns):
        raise refusals.bad_pixels("a compressed frame has another size than the header says")
    return decoded


def undecodable(syntax: str) -> UnsupportedImage:
    """The refusal of a frame that is broken or of a compression that nothing here decodes."""
    if syntax in AllTransferSyntaxes:
        return refusals.bad_pixels(f"it is broken, or {UID(syntax).name} is not supported")
    return refusals.bad_pixels("its transfer syntax is not supported")
