"""A canonical volume on a coarser grid, where shapes of a centimetre cost little to find."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from serving.pipelines.stretch import Stretch

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
        clipped = np.maximum(slab, np.int16(lowest_hu))
        total = clipped.sum(axis=0, dtype=np.int32) if len(slab) > 1 else clipped[0]
        rows, columns = self.factors[1:]
        total = _block_sums(_block_sums(total, rows).T, columns).T
        counts = np.outer(_block_sizes(self.shape[1], rows), _block_sizes(self.shape[2], columns))
        return total.astype(np.float32) / (counts * np.float32(len(slab)))

    def expand(self, mask: Bool) -> Bool:
        """A coarse mask on the fine grid, its edges interpolated (trilinear, cut at a half)."""
        return self.expand_labels(mask.view(np.uint8)) > 0

    def expand_labels(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Coarse labels on the fine grid, each as a mask by `expand`, higher ones on top."""
        if self.factors == (1, 1, 1):
            return labels.copy()
        fine = np.zeros(self.shape, dtype=np.uint8)
        for label, box in enumerate(ndimage.find_objects(labels), start=1):
            if box is not None:
                self._lay(fine, labels[box] == label, box, label)
        return fine

    def _lay(self, fine: NDArray[np.uint8], mask: Bool, box: tuple[slice, ...], label: int) -> None:
        """Writes `label` into `fine` where `mask`, the coarse voxels of `box`, is seen there."""
        planes, rows, columns = (
            Stretch.of(self.shape[axis], self.factors[axis], box[axis]) for axis in range(3)
        )
        padded = np.pad(mask, 1)
        first = planes.window.start
        for z, (below, above, weight) in enumerate(planes.mixes(), start=first):
            plane = padded[below] * (1 - weight) + padded[above] * weight
            seen = columns.stretched(rows.stretched(plane).T).T > 0.5
            fine[z, rows.window, columns.window][seen] = label


def _block_sums(values: NDArray[np.signedinteger], factor: int) -> NDArray[np.int32]:
    """Sums of `factor` rows each; of what is left at the end."""
    whole = len(values) // factor * factor
    sums = values[:whole:factor].astype(np.int32)
    for row in range(1, factor):
        sums += values[row:whole:factor]
    if whole < len(values):
        sums = np.concatenate((sums, values[whole:].sum(axis=0, dtype=np.int32, keepdims=True)))
    return sums


def _block_sizes(length: int, factor: int) -> NDArray[np.float32]:
    starts = np.arange(0, length, factor)
    return np.minimum(factor, length - starts).astype(np.float32)


def label_in_planes(mask: Bool) -> tuple[NDArray[np.int32], int]:
    """Components of each axial slice by itself (4-neighbourhood), numbered over all slices."""
    structure = np.zeros((3, 3, 3), dtype=np.bool_)
    structure[1] = ndimage.generate_binary_structure(2, 1)
    labels, count = ndimage.label(mask, structure)
    return labels.astype(np.int32, copy=False), int(count)
