"""Vessels and diseased, airless lung taken back into the outline of a lung."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.pipelines.analysis import LEFT_LUNG, RIGHT_LUNG
from serving.pipelines.coarse_grid import Bool, label_in_planes
from serving.pipelines.cross import bounding_box, fill_holes
from serving.pipelines.planar import closed

_LARGEST_HOLE_MM2 = 600.0
"""Larger holes in an axial section are the dome of the diaphragm; closed ones in 3D are not."""


def fill_lungs(
    labels: NDArray[np.uint8],
    allowed: Bool,
    spacing_mm: tuple[float, float, float],
    radius_mm: float,
) -> NDArray[np.uint8]:
    """Each lung closed in the axial plane by `radius_mm` and its holes filled, within `allowed`."""
    filled = labels.copy()
    for side in (RIGHT_LUNG, LEFT_LUNG):
        lung = labels == side
        if lung.any():
            grown = _fill_one(lung, spacing_mm, radius_mm) & allowed & (filled == 0)
            filled[grown] = side
    return filled


def _fill_one(lung: Bool, spacing_mm: tuple[float, float, float], radius_mm: float) -> Bool:
    box = bounding_box(lung)
    outline = closed(lung[box], radius_mm, spacing_mm)
    outline |= _small_holes(outline, spacing_mm)
    filled = np.zeros_like(lung)
    filled[box] = fill_holes(outline)
    return filled


def _small_holes(mask: Bool, spacing_mm: tuple[float, float, float]) -> Bool:
    labels, _ = label_in_planes(~mask)
    areas_mm2 = np.bincount(labels.ravel()) * spacing_mm[1] * spacing_mm[2]
    small = areas_mm2 < _LARGEST_HOLE_MM2
    small[0] = False
    for edge in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
        small[np.unique(edge)] = False
    return np.asarray(small[labels])
