"""Dense lung, too dense to pass as aerated, taken to the lung that it borders."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from serving.pipelines.analysis import LEFT_LUNG, RIGHT_LUNG
from serving.pipelines.coarse_grid import Bool
from serving.pipelines.cross import bounding_box, grow_within, smoothed
from serving.pipelines.planar import dilate, opened

_THINNEST_MM = 3.0
"""Radius: the blurred rim of healthy lung is thinner than twice this."""
_DEEPEST_MM = 40.0


def add_dense_lung(
    sides: NDArray[np.uint8],
    hu: NDArray[np.float32],
    allowed: Bool,
    spacing_mm: tuple[float, float, float],
    below_hu: float,
) -> NDArray[np.uint8]:
    """Labels with the tissue added that borders a lung and is lighter than fat (`below_hu`).

    No healthy tissue of the chest lies between aerated lung and fat, so what does, and is
    thicker than the blurred rim of a lung, is diseased lung. HU are smoothed over 3 voxels.
    """
    box = bounding_box(sides > 0)
    grown = sides[box].copy()
    smooth = smoothed(np.maximum(hu[box], np.float32(-900.0)))
    dense = (smooth < below_hu) & allowed[box] & (grown == 0)
    dense = opened(dense, _THINNEST_MM, spacing_mm)
    near = dilate(grown > 0, _THINNEST_MM, spacing_mm)
    dense = grow_within(dense & near, dense)
    steps = round(_DEEPEST_MM / spacing_mm[1])
    for side in (RIGHT_LUNG, LEFT_LUNG):
        lung = grown == side
        reached = ndimage.binary_dilation(lung, mask=dense | lung, iterations=steps)
        grown[reached & (grown == 0)] = side
    result = sides.copy()
    result[box] = grown
    return result
