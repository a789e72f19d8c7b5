"""What features are computed of: a region after image processing, and its grey levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64
from serving.radiomics.imaging.image import Mask

MARGIN_MM = 7.0
"""Image kept around the region: a sphere of 1 cm3 (radius 6.2 mm) may look beyond it."""


@dataclass(frozen=True, slots=True)
class Region:
    """An interpolated, re-segmented region, cropped to its bounding box and `MARGIN_MM`.

    All arrays are (slices, rows, columns) of one shape. Voxels of `values` outside the masks are
    image, not background.
    """

    values: Float64
    morphological: Mask
    """The region's shape; re-segmentation leaves it as it is (IBSI 2.5)."""
    intensity: Mask
    """The voxels whose intensities count: the morphological mask after re-segmentation."""
    spacing_mm: tuple[float, float, float]
    """(slice, row, column)."""


@dataclass(frozen=True, slots=True)
class Levels:
    """A region's grey levels (IBSI 2.7), cropped to the bounding box of the morphological mask."""

    levels: NDArray[np.int32]
    """(slices, rows, columns): 1..count in the intensity mask, 0 outside it."""
    count: int
    """Ng: the number of grey levels of the range, whether each occurs or not."""
    spacing_mm: tuple[float, float, float]
    morphological: Mask
    """The morphological mask on the same grid: zone distances are taken to its border."""
    bin_width: float
    """In intensity units; level n spans `lowest + (n - 1) * bin_width` and on."""
    lowest: float
