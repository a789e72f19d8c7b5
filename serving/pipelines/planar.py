"""Dilation, erosion, opening and closing in axial planes, by whole-array shifts.

An order of magnitude faster than general structuring elements on volumes of millions of voxels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bool = NDArray[np.bool_]
Spacing = tuple[float, float, float]


def dilate(mask: Bool, radius_mm: float, spacing_mm: Spacing) -> Bool:
    """Dilation by an octagon of about `radius_mm`, at least one voxel; (slices, rows, columns)."""
    grown = mask.copy()
    for rows, columns, square in _steps(radius_mm, spacing_mm):
        source = grown.copy()
        if rows:
            grown[:, 1:] |= source[:, :-1]
            grown[:, :-1] |= source[:, 1:]
        if square and rows and columns:
            source = grown.copy()
        if columns:
            grown[:, :, 1:] |= source[:, :, :-1]
            grown[:, :, :-1] |= source[:, :, 1:]
    return grown


def erode(mask: Bool, radius_mm: float, spacing_mm: Spacing) -> Bool:
    """Erosion by the octagon of `dilate`; what lies beyond the array counts as inside."""
    return ~dilate(~mask, radius_mm, spacing_mm)


def opened(mask: Bool, radius_mm: float, spacing_mm: Spacing) -> Bool:
    """Erosion, then dilation: parts narrower than the octagon vanish."""
    return dilate(erode(mask, radius_mm, spacing_mm), radius_mm, spacing_mm) & mask


def closed(mask: Bool, radius_mm: float, spacing_mm: Spacing) -> Bool:
    """Dilation, then erosion: gaps narrower than the octagon fill, also towards the edge."""
    rows, columns = (steps + 1 for steps in _counts(radius_mm, spacing_mm))
    padded = np.pad(mask, ((0, 0), (rows, rows), (columns, columns)))
    filled = erode(dilate(padded, radius_mm, spacing_mm), radius_mm, spacing_mm)
    return np.asarray(filled[:, rows:-rows, columns:-columns])


def _counts(radius_mm: float, spacing_mm: Spacing) -> tuple[int, int]:
    """Voxels of a radius along rows and columns; a little less than a whole one counts."""
    rows, columns = (max(1, int(radius_mm / s + 0.25)) for s in spacing_mm[1:])
    return rows, columns


def _steps(radius_mm: float, spacing_mm: Spacing) -> list[tuple[bool, bool, bool]]:
    """For each step: whether it goes along rows, along columns, and as a square or a cross.

    One square to two crosses makes an octagon.
    """
    rows, columns = _counts(radius_mm, spacing_mm)
    most = max(rows, columns)
    return [
        (
            i * rows // most < (i + 1) * rows // most,
            i * columns // most < (i + 1) * columns // most,
            i % 3 == 0,
        )
        for i in range(most)
    ]
