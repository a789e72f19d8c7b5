"""The patient's body and the air enclosed in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from serving.pipelines.coarse_grid import Bool, label_in_planes
from serving.pipelines.planar import dilate, erode

_TISSUE_ABOVE_HU = -400.0
_OUTSIDE_AIR_BELOW_HU = -900.0
_SMALLEST_CUT_LUNG_SHARE = 0.02
"""Of the area of a slice."""
_COUCH_THICKNESS_MM = 6.0
_GROW_BACK_STEPS = 3
"""Of half the couch's thickness: fills thin parts of the chest wall again."""


def body_mask(hu: NDArray[np.float32], spacing_mm: tuple[float, float, float]) -> Bool:
    """The body with all it encloses in each axial slice; couch and clothes left out.

    `hu` is canonical (slices, rows, columns). A lung cut by the edge of the field of view
    counts as enclosed. Empty where nothing but air is seen.
    """
    solid = _largest_solid(hu > _TISSUE_ABOVE_HU, spacing_mm)
    if not solid.any():
        return solid
    labels, count = label_in_planes(~solid)
    outside = _outside_labels(labels, count, hu)
    return np.asarray(~outside[labels])


def _largest_solid(tissue: Bool, spacing_mm: tuple[float, float, float]) -> Bool:
    """Tissue without what an opening removes (couch shell, tubes), in its largest 3D part."""
    radius_mm = _COUCH_THICKNESS_MM / 2
    core = erode(tissue, radius_mm, spacing_mm)
    labels, count = ndimage.label(core)
    if count == 0:
        return np.zeros_like(tissue)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    grown = labels == sizes.argmax()
    for _ in range(_GROW_BACK_STEPS):
        grown = dilate(grown, radius_mm, spacing_mm) & tissue
    return np.asarray(grown)


def _outside_labels(
    labels: NDArray[np.int32], count: int, hu: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """For each in-plane component of not-body: whether it is the air around the patient."""
    border = np.zeros(count + 1, dtype=np.bool_)
    for edge in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
        border[np.unique(edge)] = True
    border[0] = False
    airy = hu < _TISSUE_ABOVE_HU
    areas = np.bincount(labels[airy], minlength=count + 1)
    totals = np.bincount(labels[airy], weights=hu[airy], minlength=count + 1)
    lung_like = totals / np.maximum(areas, 1) > _OUTSIDE_AIR_BELOW_HU
    large = areas > _SMALLEST_CUT_LUNG_SHARE * hu.shape[1] * hu.shape[2]
    return np.asarray(border & ~(lung_like & large))
