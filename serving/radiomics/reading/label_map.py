"""Label maps in NIfTI and NRRD files: each value but 0 is a region."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.domain.errors import UnsupportedImage
from serving.domain.volume import Geometry
from serving.radiomics.reading.mask_source import Entry, PlacedMask, placed_mask
from serving.radiomics.reading.placement import paste, place
from serving.radiomics.reading.scan import Scan

_MOST_LABELS = 1000
_WHOLE = 1e-3
"""Scaling in a header may leave whole numbers so far from whole."""


class LabelMap:
    """The labels of one volume (MaskSource)."""

    def __init__(self, scan: Scan) -> None:
        """Raises UnsupportedImage where the values are no labels: fractions, below 0, NaN."""
        self._grid = scan.grid
        self._labels = _whole(scan)
        values = np.unique(self._labels[self._labels != 0])
        if len(values) > _MOST_LABELS or (len(values) and values[0] < 0):
            raise _no_labels(
                f"it holds {len(values)} different values, some of them negative or "
                "too many to be labels"
            )
        named = {entry.number: entry for entry in scan.names}
        self._entries = tuple(
            named.get(value, Entry(value, str(value))) for value in map(int, values)
        )

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self._entries

    def place(self, entry: Entry, image: Geometry) -> PlacedMask:
        """The label on the grid of `image`. Raises InvalidRequest where the grids do not fit."""
        placement = place(self._grid.shape, self._grid.affine_lps, image)
        mask = np.zeros(image.shape, dtype=np.bool_)
        lost = paste(mask, self._labels == entry.number, placement)
        return placed_mask(mask, lost)


def _whole(scan: Scan) -> NDArray[Any]:
    values = scan.values
    if values.dtype.kind in "iu":
        return values
    if not np.isfinite(values).all():
        raise _no_labels("it holds values that are not finite")
    rounded = np.rint(values)
    if np.abs(values - rounded).max() > _WHOLE:
        raise _no_labels("it holds fractions")
    return np.asarray(rounded, dtype=np.int64)


def _no_labels(why: str) -> UnsupportedImage:
    return UnsupportedImage(
        f"expected a mask of whole-number labels from 0 up, and {why}; check that image and mask "
        "are not exchanged, and threshold a probability map first"
    )
