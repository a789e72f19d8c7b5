"""The regular grid that NIfTI needs, for slices that lie where they lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Geometry

UNSEEN = -1
"""Marks a place of the regular grid that no slice covers."""

_HOLE = 0.75
"""A slice stands for at most this share of the regular spacing to either side of it."""


def source_slices(geometry: Geometry) -> NDArray[np.intp]:
    """The source slice for each slice of the regular grid, (n,); UNSEEN inside a gap.

    The grid starts at the first slice and steps by the regular spacing until the last. Where the
    slices already lie on it the answer is 0, 1, ..., so that labels stay on the source grid.
    """
    offsets = geometry.slice_offsets_mm - geometry.slice_offsets_mm[0]
    if offsets.size == 1:
        return np.zeros(1, dtype=np.intp)
    steps = round(float(offsets[-1]) / geometry.slice_spacing_mm)
    wanted = np.arange(steps + 1, dtype=np.float64) * geometry.slice_spacing_mm
    nearest = _nearest(offsets, wanted)
    seen = np.abs(offsets[nearest] - wanted) <= _HOLE * geometry.slice_spacing_mm
    return np.where(seen, nearest, UNSEEN).astype(np.intp)


def is_source_grid(sources: NDArray[np.intp], geometry: Geometry) -> bool:
    """Whether the regular grid holds every source slice once, in order."""
    return bool(np.array_equal(sources, np.arange(geometry.shape[0])))


def _nearest(sorted_mm: NDArray[np.float64], wanted_mm: NDArray[np.float64]) -> NDArray[np.intp]:
    after = np.clip(np.searchsorted(sorted_mm, wanted_mm), 1, sorted_mm.size - 1)
    nearer_before = wanted_mm - sorted_mm[after - 1] <= sorted_mm[after] - wanted_mm
    return np.asarray(after - nearer_before, dtype=np.intp)
