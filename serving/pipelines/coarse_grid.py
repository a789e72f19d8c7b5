"""A canonical volume on a coarser grid, where shapes of a centimetre cost little to find."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CoarseGrid:
    """Blocks of voxels averaged into one; the last block of an axis may be cut short."""

    shape: tuple[int, int, int]
    """Of the fine grid, canonical axes."""
    spacing_mm: tuple[float, float, float]
    """Of the fine grid."""
    factors: tuple[int, int, int]

    @classmethod
    def fit(
        cls,
        shape: tuple[int, int, int],
        spacing_mm: tuple[float, float, float],
        target_mm: tuple[float, float, float],
    ) -> CoarseGrid:
        """The whole factors that come nearest to the target spacing, never below 1."""
        pairs = zip(spacing_mm, target_mm, strict=True)
        factors = [max(1, int(target / spacing + 0.5)) for spacing, target in pairs]
        return cls(shape, spacing_mm, (factors[0], factors[1], factors[2]))

    @property
    def coarse_spacing_mm(self) -> tuple[float, float, float]:
        z, y, x = (s * f for s, f in zip(self.spacing_mm, self.factors, strict=True))
        return z, y, x

    def reduce(self, hu: NDArray[np.int16], lowest_hu: int) -> NDArray[np.float32]:
        """Block means of a fine array; values below `lowest_hu` (padding) count as that."""
        slabs = range(0, self.shape[0], self.factors[0])
        return np.stack([self._reduce_slab(hu[z : z + self.factors[0]], lowest_hu) for z in slabs])

    def _reduce_slab(self, slab: NDArray[np.int16], lowest_hu: int) -> NDArray[np.float32]:
        clipped = np.maximum(slab, lowest_hu).astype(np.float32)
        reduced = clipped.mean(axis=0)
        for axis, factor in ((0, self.factors[1]), (1, self.factors[2])):
            starts = np.arange(0, reduced.shape[axis], factor)
            counts = np.diff(np.append(starts, reduced.shape[axis]))
            sums = np.add.reduceat(reduced, starts, axis=axis)
            reduced = sums / (counts[:, None] if axis == 0 else counts[None, :])
        return np.asarray(reduced, dtype=np.float32)

    def expand(self, mask: Bool) -> Bool:
        """A coarse mask on the fine grid, its edges interpolated (trilinear, cut at a half)."""
        if self.factors == (1, 1, 1):
            return mask
        along_z = self._positions(0)
        below = np.clip(np.floor(along_z).astype(int), 0, mask.shape[0] - 1)
        above = np.minimum(below + 1, mask.shape[0] - 1)
        weight = np.clip(along_z - below, 0.0, 1.0).astype(np.float32)
        fine = np.zeros(self.shape, dtype=np.bool_)
        for z in np.flatnonzero(mask[below].any(axis=(1, 2)) | mask[above].any(axis=(1, 2))):
            mix = mask[below[z]] * (1 - weight[z]) + mask[above[z]] * weight[z]
            fine[z] = self._expand_plane(mix.astype(np.float32)) > 0.5
        return fine

    def _expand_plane(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        rows, columns = self._positions(1), self._positions(2)
        stretched = _interpolate_rows(plane, rows)
        return np.asarray(_interpolate_rows(stretched.T, columns).T)

    def _positions(self, axis: int) -> NDArray[np.float64]:
        """Where the fine voxel centres of one axis lie on the coarse index axis."""
        factor = self.factors[axis]
        return (np.arange(self.shape[axis]) + 0.5) / factor - 0.5


def _interpolate_rows(
    plane: NDArray[np.float32], positions: NDArray[np.float64]
) -> NDArray[np.float32]:
    last = plane.shape[0] - 1
    below = np.clip(np.floor(positions).astype(int), 0, last)
    above = np.minimum(below + 1, last)
    weight = np.clip(positions - below, 0.0, 1.0).astype(np.float32)[:, None]
    return np.asarray(plane[below] * (1 - weight) + plane[above] * weight)


def label_in_planes(mask: Bool) -> tuple[NDArray[np.int32], int]:
    """Components of each axial slice by itself (4-neighbourhood), numbered over all slices."""
    structure = np.zeros((3, 3, 3), dtype=np.bool_)
    structure[1] = ndimage.generate_binary_structure(2, 1)
    labels, count = ndimage.label(mask, structure)
    return labels.astype(np.int32, copy=False), int(count)
