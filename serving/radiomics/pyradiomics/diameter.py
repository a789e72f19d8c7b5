"""The largest distances between vertices of a mask's surface, half-way between voxel centres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.radiomics.imaging.image import Mask

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Diameters:
    """In mm; of the whole surface, and within planes of one slice, row or column coordinate."""

    whole: float
    of_slices: float
    of_rows: float
    of_columns: float


def diameters_of(mask: Mask, spacing_mm: tuple[float, float, float]) -> Diameters:
    """Of the surface around a mask (slices, rows, columns) that is not empty.

    On a line of vertices only the two ends can be farthest from anything, so that few vertices are
    compared, and those nearest to the middle are left out.
    """
    spacing = np.array(spacing_mm) / 2
    ends = [_line_ends(mask, axis) for axis in range(3)]
    all_ends = np.concatenate(ends)
    whole = _widest(all_ends * spacing, np.array([0, len(all_ends)]))
    planar = []
    for axis in range(3):
        inside = [ends[other] for other in range(3) if other != axis]
        points = np.concatenate([*inside, _crossings(mask, axis)])
        points = points[np.argsort(points[:, axis], kind="stable")]
        starts = np.flatnonzero(np.diff(points[:, axis], prepend=-2, append=1 << 62))
        planar.append(_widest(points * spacing, starts))
    return Diameters(whole, *planar)


def _line_ends(mask: Mask, axis: int) -> Int64:
    """Where lines along an axis enter and leave the mask: in half voxels, (points, 3)."""
    lines = np.argwhere(mask.any(axis=axis))
    along = np.moveaxis(mask, axis, -1)[tuple(lines.T)]
    first = along.argmax(axis=1)
    last = along.shape[1] - 1 - along[:, ::-1].argmax(axis=1)
    points = np.concatenate([2 * lines, 2 * lines])
    return np.insert(points, axis, np.concatenate([2 * first - 1, 2 * last + 1]), axis=1)


def _crossings(mask: Mask, axis: int) -> Int64:
    """Vertices between neighbouring planes, across an axis; of each line of them the two ends."""
    padded = np.pad(np.moveaxis(mask, axis, 0), ((1, 1), (0, 0), (0, 0)))
    crossed = padded[1:] != padded[:-1]
    lines = np.argwhere(crossed.any(axis=2))
    along = crossed[tuple(lines.T)]
    first = along.argmax(axis=1)
    last = along.shape[1] - 1 - along[:, ::-1].argmax(axis=1)
    planes, others = 2 * lines[:, 0] - 1, 2 * lines[:, 1]
    points = [np.column_stack([planes, others, 2 * end]) for end in (first, last)]
    order = np.argsort([axis, *(other for other in range(3) if other != axis)])
    return np.concatenate(points)[:, order]


@njit(cache=True)
def _widest(points: Float64, starts: Int64) -> float:
    """The largest distance within any span of points; the outermost are compared first."""
    widest = 0.0
    for span in range(len(starts) - 1):
        own = points[starts[span] : starts[span + 1]]
        middle = np.array([(own[:, axis].min() + own[:, axis].max()) / 2 for axis in range(3)])
        radii = np.sqrt(((own - middle) ** 2).sum(axis=1))
        order = np.argsort(-radii)
        for one in range(len(own)):
            if (radii[order[one]] + radii[order[0]]) ** 2 * (1 + 1e-12) < widest:
                break
            for other in range(one):
                apart = 0.0
                for axis in range(3):
                    apart += (own[order[one], axis] - own[order[other], axis]) ** 2
                widest = max(widest, apart)
    return float(np.sqrt(widest))
