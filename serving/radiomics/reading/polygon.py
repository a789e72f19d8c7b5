"""Contours to voxels: which pixel centres of a slice lie inside polygons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serving.domain.errors import UnsupportedImage
from serving.domain.volume import Float64
from serving.radiomics.imaging.image import Mask

_MOST_CROSSINGS = 20_000_000
_DECIMALS = 6
"""Of an index: a vertex meant to be on a pixel centre is on it, whatever the rounding."""


def inside_even_odd(polygons: Sequence[Float64], shape: tuple[int, int]) -> Mask:
    """Pixels of `shape` (rows, columns) whose centres lie inside an odd number of `polygons`.

    Each is (n, 2): (column, row) indices, closed from the last vertex to the first. So inner
    contours are holes, and keyholes (PS3.3 section C.8.8.6.3) cancel along their channel. Of a
    centre on an edge the left and upper edges count as inside. Raises UnsupportedImage where the
    edges are too many to be from drawing.
    """
    starts = np.concatenate([np.round(one, _DECIMALS) for one in polygons])
    ends = np.concatenate([np.roll(np.round(one, _DECIMALS), -1, axis=0) for one in polygons])
    edge, row = _crossings(starts[:, 1], ends[:, 1], shape[0])
    (x0, y0), (x1, y1) = starts[edge].T, ends[edge].T
    x = np.round(x0 + (row - y0) * (x1 - x0) / (y1 - y0), _DECIMALS)
    column = np.clip(np.ceil(x), 0, shape[1]).astype(np.int64)
    width = shape[1] + 1
    toggles = np.bincount(row * width + column, minlength=shape[0] * width)
    filled = np.cumsum(toggles.reshape(shape[0], width), axis=1)[:, : shape[1]] % 2 == 1
    return np.asarray(filled, dtype=np.bool_)


def _crossings(y0: Float64, y1: Float64, rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(edge, row) of each place where an edge crosses the centre line of a row.

    An edge reaches from its upper end, included, to its lower end, left out: a vertex on a centre
    line counts once where the outline goes on through it.
    """
    first = np.clip(np.ceil(np.minimum(y0, y1)), 0, rows).astype(np.int64)
    behind = np.clip(np.ceil(np.maximum(y0, y1)), 0, rows).astype(np.int64)
    counts = behind - first
    total = int(counts.sum())
    if total > _MOST_CROSSINGS:
        raise UnsupportedImage(
            "the contours of a region have far more points than drawing makes; they were not read"
        )
    edge = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    return edge, first[edge] + within
