"""One slice of the grid as windows of pixels with their patient coordinates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from provisioning.phantom.shapes import Float32, Points
from serving.domain.volume import Float64, Geometry

_MARGIN_PIXELS = 2
_MARGIN_SLICES = 0.5
_CORNERS = np.array(list(product((0, 1), repeat=3)))
Window = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class SliceView:
    """Slice `index` of `geometry`."""

    geometry: Geometry
    index: int

    @property
    def whole(self) -> Window:
        return slice(0, self.geometry.shape[1]), slice(0, self.geometry.shape[2])

    def points(self, window: Window) -> Points:
        """LPS coordinates of the pixels in `window`; arrays broadcast to its shape."""
        affine = self.geometry.affine_lps
        rows = np.arange(window[0].start, window[0].stop)[:, None]
        columns = np.arange(window[1].start, window[1].stop)[None, :]
        x, y, z = (_axis(affine[axis], columns, rows, self.index) for axis in range(3))
        return x, y, z


def _axis(line: Float64, columns: NDArray[np.int_], rows: NDArray[np.int_], index: int) -> Float32:
    """One coordinate; it stays one-dimensional where the other index does not matter."""
    found = np.full((1, 1), line[2] * index + line[3])
    if line[0]:
        found = found + line[0] * columns
    if line[1]:
        found = found + line[1] * rows
    return found.astype(np.float32)


class BoxIndex:
    """Finds which of many boxes a slice meets, and in which window of it."""

    def __init__(self, geometry: Geometry, boxes: Sequence[Float64]) -> None:
        """`boxes` are lower and upper corners (2, 3) in LPS mm."""
        self._shape = geometry.shape
        ends = np.array(boxes, dtype=np.float64).reshape(-1, 2, 3)
        lower, upper = ends[:, 0], ends[:, 1]
        corners = np.where(_CORNERS[None], upper[:, None], lower[:, None]).reshape(-1, 3)
        inverse = np.linalg.inv(geometry.affine_lps)
        indices = corners @ inverse[:3, :3].T + inverse[:3, 3]
        indices = indices.reshape(len(boxes), len(_CORNERS), 3)
        self._lower, self._upper = indices.min(axis=1), indices.max(axis=1)

    def at(self, index: int) -> Iterator[tuple[int, Window]]:
        """The number of each box that slice `index` meets, and its window, in order."""
        meets = (self._lower[:, 2] - _MARGIN_SLICES <= index) & (
            index <= self._upper[:, 2] + _MARGIN_SLICES
        )
        for number in np.flatnonzero(meets):
            window = self._window(int(number))
            if window[0].start < window[0].stop and window[1].start < window[1].stop:
                yield int(number), window

    def _window(self, number: int) -> Window:
        lower = np.floor(self._lower[number]).astype(int) - _MARGIN_PIXELS
        upper = np.ceil(self._upper[number]).astype(int) + _MARGIN_PIXELS + 1
        _, rows, columns = self._shape
        return (
            slice(max(0, lower[1]), min(rows, upper[1])),
            slice(max(0, lower[0]), min(columns, upper[0])),
        )
