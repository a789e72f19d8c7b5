"""pyradiomics' wavelets: one level of the stationary transform, wrapped around the image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pywt
from numpy.typing import NDArray

from serving.radiomics.imaging.box import Box
from serving.radiomics.imaging.image import Image

Float64 = NDArray[np.float64]


def sub_bands(image: Image, box: Box, family: str) -> Iterator[tuple[str, Float64]]:
    """Letters (L low pass, H high pass; along columns, rows, slices) and response in the box.

    Sub-bands come in pyradiomics' order, LLL last. An axis of odd length is made even by its first
    plane, then the image goes on around its borders.
    """
    wavelet = pywt.Wavelet(family)
    source, inner = _surroundings(image, box, wavelet.dec_len)
    (bands,) = pywt.swtn(source, wavelet, level=1, start_level=0, axes=(2, 1, 0))
    smooth = bands.pop("aaa")
    for letters, response in bands.items():
        yield letters.replace("a", "L").replace("d", "H"), response[inner]
    yield "LLL", smooth[inner]


def _surroundings(
    image: Image, box: Box, margin: int
) -> tuple[Float64, tuple[slice, slice, slice]]:
    """The box with an even margin of the wrapped image, of even sizes; where in it the box lies."""
    margin += margin % 2
    places, inner = [], []
    for (first, end), size in zip(box.bounds, image.values.shape, strict=True):
        around = np.arange(first - margin, end + margin + (end - first) % 2)
        wrapped = around % (size + size % 2)
        places.append(np.where(wrapped == size, 0, wrapped))
        inner.append(slice(margin, margin + end - first))
    return image.values[np.ix_(*places)], (inner[0], inner[1], inner[2])
