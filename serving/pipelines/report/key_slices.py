"""Which slices a reader should see first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

AT_MOST = 6
AT_LEAST = 3
_APART_MM = (30.0, 20.0, 12.0, 6.0, 3.0, 0.0)
"""Tried in turn until enough slices are that far apart."""


def key_slices(
    lesion_area: NDArray[np.int64], lung_area: NDArray[np.int64], offsets_mm: NDArray[np.float64]
) -> tuple[int, ...]:
    """Slice indices, ascending: the ones with most lesion, spread out; else spread over the lungs.

    All arguments are (slices,); areas in voxels. At most AT_MOST; at least AT_LEAST where the
    volume has as many slices. A small lesion is joined by evenly spaced slices of lung.
    """
    chosen = _most_lesion(lesion_area, offsets_mm)
    if not chosen:
        return _evenly(lung_area, AT_MOST)
    if len(chosen) < AT_LEAST:
        spare = [index for index in _evenly(lung_area, AT_MOST + 2)[1:-1] if index not in chosen]
        chosen = [*chosen, *_farthest(spare, chosen, AT_LEAST - len(chosen))]
    return tuple(sorted(chosen))


def _most_lesion(lesion_area: NDArray[np.int64], offsets_mm: NDArray[np.float64]) -> list[int]:
    by_area = [int(i) for i in np.argsort(-lesion_area, kind="stable") if lesion_area[i]]
    chosen: list[int] = []
    for apart_mm in _APART_MM:
        chosen = _apart(by_area, offsets_mm, apart_mm)
        if len(chosen) >= AT_MOST or (len(chosen) >= AT_LEAST and apart_mm <= 12.0):
            break
    return chosen[:AT_MOST]


def _apart(
    candidates: Sequence[int], offsets_mm: NDArray[np.float64], apart_mm: float
) -> list[int]:
    chosen: list[int] = []
    for index in candidates:
        if all(abs(offsets_mm[index] - offsets_mm[other]) >= apart_mm for other in chosen):
            chosen.append(index)
    return chosen


def _evenly(lung_area: NDArray[np.int64], count: int) -> tuple[int, ...]:
    """Evenly spaced inside the lungs' extent, or inside the whole volume where there is no lung."""
    with_lung = np.flatnonzero(lung_area)
    if not with_lung.size:
        with_lung = np.arange(lung_area.size)
    middles = (np.arange(count) + 0.5) / count * (with_lung.size - 1)
    return tuple(int(i) for i in np.unique(with_lung[np.round(middles).astype(int)]))


def _farthest(spare: Sequence[int], chosen: Sequence[int], count: int) -> list[int]:
    ranked = sorted(spare, key=lambda index: -min(abs(index - other) for other in chosen))
    return ranked[:count]
