"""Images and regions of interest as radiomics sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Image:
    """A scalar image on a regular grid.

    `values` is float64 (slices, rows, columns). `affine_lps` maps (column, row, slice, 1) indices
    of voxel centres to DICOM patient coordinates in mm, as `serving.domain.volume.Geometry` does.
    """

    values: Float64
    affine_lps: Float64

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """(slice, row, column): distances between neighbouring voxel centres."""
        column, row, plane = (float(np.linalg.norm(self.affine_lps[:3, axis])) for axis in range(3))
        return plane, row, column


@dataclass(frozen=True, slots=True)
class Roi:
    """A region of interest on the grid of its image: `mask` is bool (slices, rows, columns)."""

    name: str
    mask: Mask


@dataclass(frozen=True, slots=True)
class Case:
    """One image with its regions; `modality` as in DICOM (0008,0060), empty where nobody says."""

    image: Image
    rois: tuple[Roi, ...]
    modality: str = ""
    notices: tuple[str, ...] = ()
    """What a reader should know of the images, without patient data."""
