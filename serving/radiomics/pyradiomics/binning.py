"""Grey levels as pyradiomics bins them: edges at multiples of the bin width, whatever the range."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.domain.errors import InvalidRequest
from serving.radiomics.features.grid import Int32
from serving.radiomics.settings import Discretisation

Float64 = NDArray[np.float64]
MOST_LEVELS = 65536


def binned(values: Float64, discretisation: Discretisation) -> Int32:
    """Grey levels, from 1 on, of a region's intensities (voxels,).

    A bin holds its lower edge. With a fixed width the first edge is the multiple of the width at or
    below the least intensity; with a fixed number the range is split evenly. Without
    discretisation bins are one wide. Raises InvalidRequest for more than 65,536 bins.
    """
    if discretisation.method == "fixed_bin_number":
        edges = np.histogram_bin_edges(values, discretisation.bins)
        edges[-1] += 1.0
    else:
        width = discretisation.bin_size if discretisation.method == "fixed_bin_size" else 1.0
        lowest, highest = values.min(), values.max()
        if (highest - lowest) / width >= MOST_LEVELS:
            raise InvalidRequest(
                f"A bin width of {width:g} gives more than {MOST_LEVELS} grey levels; choose a "
                "larger one."
            )
        edges = np.arange(lowest - lowest % width, highest + 2 * width, width)
    levels: Int32 = _digitised(values, edges, edges[1] - edges[0])
    return levels


@njit(cache=True)
def _digitised(values: Float64, edges: Float64, width: float) -> Int32:
    """A division can miss an edge by a rounding error, so that the edges have the last word."""
    levels = np.empty(len(values), np.int32)
    for n in range(len(values)):
        level = min(max(int((values[n] - edges[0]) / width), 0), len(edges) - 2)
        while level > 0 and values[n] < edges[level]:
            level -= 1
        while level + 1 < len(edges) and values[n] >= edges[level + 1]:
            level += 1
        levels[n] = level + 1
    return levels
