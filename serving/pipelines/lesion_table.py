"""Sums over each lesion, gathered slice by slice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.domain.finding import Lesion, Side
from serving.domain.volume import Float64, Geometry
from serving.pipelines.zones import ZONES

_SIDES = (Side.RIGHT, Side.LEFT)
_CELLS = len(_SIDES) * len(ZONES)


class LesionTable:
    """Volume, density, place and extent of lesions numbered from 1, largest first."""

    def __init__(self, count: int) -> None:
        self.count = count
        size = count + 1
        self._ml = np.zeros(size)
        self._hu_ml = np.zeros(size)
        self._index_ml = np.zeros((size, 3))
        self._cell_ml = np.zeros((size, _CELLS))
        self._first = np.full(size, np.iinfo(np.intp).max)
        self._last = np.full(size, -1)

    def add(
        self,
        plane: int,
        inside: tuple[NDArray[np.intp], ...],
        number: NDArray[np.intp],
        cell: NDArray[np.intp],
        hu: Float64,
        voxel_ml: float,
    ) -> None:
        """Adds the voxels of one slice: (rows, columns), lesion number (0: none), side and zone
        as one index, HU."""
        sick = number > 0
        if not sick.any():
            return
        number, row, column = number[sick], inside[0][sick], inside[1][sick]
        self._ml += self._sum(number) * voxel_ml
        self._hu_ml += self._sum(number, hu[sick]) * voxel_ml
        self._index_ml[:, 0] += self._sum(number, column) * voxel_ml
        self._index_ml[:, 1] += self._sum(number, row) * voxel_ml
        self._index_ml[:, 2] += self._sum(number) * voxel_ml * plane
        np.add.at(self._cell_ml, (number, cell[sick]), voxel_ml)
        seen = np.unique(number)
        self._first[seen] = np.minimum(self._first[seen], plane)
        self._last[seen] = np.maximum(self._last[seen], plane)

    def largest(self, most: int, geometry: Geometry) -> tuple[Lesion, ...]:
        """The first `most` lesions, centroids in patient coordinates."""
        found = [i for i in range(1, self.count + 1) if self._ml[i] > 0][:most]
        if not found:
            return ()
        centroids = geometry.to_lps_mm(self._index_ml[found] / self._ml[found, None])
        return tuple(self._lesion(i, c) for i, c in zip(found, centroids, strict=True))

    def _lesion(self, index: int, centroid: Float64) -> Lesion:
        side, zone = divmod(int(self._cell_ml[index].argmax()), len(ZONES))
        x, y, z = (float(value) for value in centroid)
        return Lesion(
            index=index,
            volume_ml=float(self._ml[index]),
            mean_hu=float(self._hu_ml[index] / self._ml[index]),
            centroid_lps_mm=(x, y, z),
            side=_SIDES[side],
            zone=ZONES[zone],
            first_slice=int(self._first[index]),
            last_slice=int(self._last[index]),
        )

    def _sum(self, number: NDArray[np.intp], weights: NDArray[np.generic] | None = None) -> Float64:
        return np.bincount(number, weights=weights, minlength=self.count + 1)  # type: ignore[return-value]
