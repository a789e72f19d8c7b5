"""Which voxels of a region count for their intensity (IBSI 2.5)."""

from __future__ import annotations

import math

import numpy as np

from serving.domain.volume import Float64
from serving.radiomics.imaging.image import Mask
from serving.radiomics.settings import Resegmentation


def resegment(values: Float64, mask: Mask, resegmentation: Resegmentation) -> Mask:
    """The mask's voxels inside the range and not outlying; both bounds belong to the range.

    Arrays are (slices, rows, columns) of one shape. Outliers are judged by mean and population
    standard deviation of the whole region, before the range is applied: the voxels kept are those
    that both rules keep. Source: IBSI 2.5, "Re-segmentation".
    """
    if resegmentation.range is None and resegmentation.outlier_sigmas is None:
        return mask
    inside = values[mask]
    kept = np.ones(len(inside), dtype=bool)
    if resegmentation.range is not None:
        lower, upper = resegmentation.range
        kept &= (inside >= lower) & (inside <= upper)
    if resegmentation.outlier_sigmas is not None and len(inside):
        reach = resegmentation.outlier_sigmas * inside.std()
        kept &= np.abs(inside - inside.mean()) <= reach
    result = np.zeros_like(mask)
    result[mask] = kept
    return result


def finite_bounds(bounds: tuple[float, float] | None) -> tuple[float | None, float | None]:
    """Both ends of a range, None for one that is open."""
    lower, upper = bounds or (-math.inf, math.inf)
    return (lower if math.isfinite(lower) else None), (upper if math.isfinite(upper) else None)
