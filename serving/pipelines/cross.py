"""Dilation, erosion, smoothing and components in 3D by the cross of six neighbours.

Whole-array shifts do a step of a volume several times faster than general structuring elements.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from serving.pipelines.coarse_grid import Bool

Slices = tuple[slice, ...]

_AHEAD, _BEHIND = slice(1, None), slice(None, -1)


def dilate_cross(mask: Bool, steps: int = 1) -> Bool:
    """`steps` dilations; what lies beyond the array counts as outside."""
    grown = mask
    for _ in range(steps):
        source, grown = grown, grown.copy()
        for to, come_from in _SHIFTS:
            grown[to] |= source[come_from]
    return grown


def erode_cross(mask: Bool) -> Bool:
    """One erosion; what lies beyond the array counts as inside."""
    kept = mask.copy()
    for to, come_from in _SHIFTS:
        kept[to] &= mask[come_from]
    return kept


def grow_within(seed: Bool, mask: Bool) -> Bool:
    """`seed` and all components of `mask` that hold a part of it; `seed` lies within `mask`."""
    labels, count = ndimage.label(mask)
    held = np.zeros(count + 1, dtype=np.bool_)
    held[labels[seed]] = True
    held[0] = False
    return np.asarray(held[labels])


def fill_holes(mask: Bool) -> Bool:
    """`mask` with all that it encloses on every side."""
    labels, count = ndimage.label(~mask)
    open_to_edge = np.zeros(count + 1, dtype=np.bool_)
    for axis, end in product(range(3), (0, -1)):
        open_to_edge[np.take(labels, end, axis=axis)] = True
    open_to_edge[0] = False
    return np.asarray(~open_to_edge[labels])


def label_sizes(labels: NDArray[np.int32], count: int) -> NDArray[np.intp]:
    """Voxels of each label up to `count`; index 0, the background, is left at 0."""
    return np.bincount(labels[labels > 0], minlength=count + 1)


def smoothed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over 3 x 3 x 3 voxels, edge values repeated beyond the array."""
    mean = values
    for axis in range(3):
        mean = _mean_of_three(np.moveaxis(mean, axis, 0), axis)
    return mean


def _mean_of_three(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    total = values.copy(order="K")
    total[1:] += values[:-1]
    total[:-1] += values[1:]
    total[0] += values[0]
    total[-1] += values[-1]
    total /= np.float32(3)
    return np.moveaxis(total, 0, axis)


def bounding_box(mask: Bool, margin: int = 0) -> Slices:
    """The smallest box that holds `mask`, widened by `margin` where there is room.

    `mask` must not be empty.
    """
    box = []
    for axis in range(mask.ndim):
        seen = mask.any(axis=tuple(a for a in range(mask.ndim) if a != axis))
        first, last = (int(i) for i in np.flatnonzero(seen)[[0, -1]])
        box.append(slice(max(0, first - margin), last + 1 + margin))
    return tuple(box)


def _shifts() -> tuple[tuple[Slices, Slices], ...]:
    """For each of the six neighbours: where it is written to and where it comes from."""
    pairs = []
    for axis in range(3):
        whole = [slice(None)] * 3
        ahead = tuple(_AHEAD if a == axis else w for a, w in enumerate(whole))
        behind = tuple(_BEHIND if a == axis else w for a, w in enumerate(whole))
        pairs += [(ahead, behind), (behind, ahead)]
    return tuple(pairs)


_SHIFTS = _shifts()
