"""Single lesions in a lesion mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from serving.domain.volume import Float64, Geometry
from serving.pipelines.coarse_grid import Bool

_LAST_LABEL = np.iinfo(np.uint16).max


def label_lesions(mask: Bool, geometry: Geometry, smallest_mm3: float) -> NDArray[np.uint16]:
    """Labels 1, 2, ... of the connected lesions (26-neighbourhood), largest volume first.

    `mask` and result lie on the source grid (slices, rows, columns). Lesions under
    `smallest_mm3` are left out; past 65535 lesions the rest share the last label.
    """
    labels = np.zeros(mask.shape, dtype=np.uint16)
    if not mask.any():
        return labels
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    raw, count = ndimage.label(mask[box], np.ones((3, 3, 3), dtype=np.bool_))
    volumes_ml = _volumes_ml(raw, count, geometry.voxel_volumes_ml[box[0]])
    labels[box] = _ranks(volumes_ml, smallest_mm3 / 1000.0)[raw]
    return labels


def _volumes_ml(raw: NDArray[np.int32], count: int, voxel_ml: Float64) -> Float64:
    """Volume of every component, index 0 for background."""
    totals = np.zeros(count + 1)
    for plane, volume_ml in zip(raw, voxel_ml, strict=True):
        totals += np.bincount(plane.ravel(), minlength=count + 1) * volume_ml
    return totals


def _ranks(volumes_ml: Float64, smallest_ml: float) -> NDArray[np.uint16]:
    """The label of each component by falling volume, 0 for what is dropped."""
    kept = volumes_ml[1:] >= smallest_ml
    order = 1 + np.argsort(-np.where(kept, volumes_ml[1:], -1.0), kind="stable")
    ranks = np.zeros(len(volumes_ml), dtype=np.uint16)
    chosen = order[: int(kept.sum())]
    ranks[chosen] = np.minimum(np.arange(1, len(chosen) + 1), _LAST_LABEL)
    return ranks
