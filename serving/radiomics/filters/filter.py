"""What every filter of IBSI-2 can do."""

from __future__ import annotations

from typing import Protocol

from serving.domain.volume import Float64
from serving.radiomics.filters.boundary import Boundary
from serving.radiomics.filters.cascade import Cascade, Support
from serving.radiomics.imaging.image import Image


class Source:
    """An image to be filtered, with the intermediate results that its filters share."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self._cascades: dict[Boundary, Cascade] = {}

    def cascade(self, boundary: Boundary) -> Cascade:
        """Give the chains of convolutions under one boundary condition."""
        if boundary not in self._cascades:
            # One at a time: its intermediate results are as large as the image.
            self._cascades = {boundary: Cascade(self.image.values, boundary)}
        return self._cascades[boundary]


class Filter(Protocol):
    """A filter with all its parameters."""

    def support_voxels(self, spacing_mm: tuple[float, float, float]) -> Support | None:
        """Say how far the filter reads to each side; None: the whole image, however large."""
        ...

    def response(self, source: Source) -> Float64:
        """Compute the response map, float64 (slices, rows, columns) of the image's shape."""
        ...
