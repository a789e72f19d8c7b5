"""A chest of simple shapes with known lungs, in patient coordinates and any grid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from chest_grids import Ellipsoid, voxel_centres
from numpy.typing import NDArray

from serving.domain.volume import Geometry, Volume

RIGHT = Ellipsoid((-62.0, 0.0, 0.0), (46.0, 70.0, 105.0))
LEFT = Ellipsoid((62.0, 0.0, 0.0), (44.0, 66.0, 100.0))
LESION = Ellipsoid((-65.0, 52.0, -20.0), (20.0, 16.0, 20.0))


@dataclass(frozen=True)
class Chest:
    """Which parts there are; lungs None are absent."""

    right: Ellipsoid | None = RIGHT
    left: Ellipsoid | None = LEFT
    lesion: Ellipsoid | None = None
    lesion_hu: int = -350
    trachea: bool = True
    bowel_gas: bool = False
    lung_hu: int = -850

    def truth(self, grid: Geometry) -> NDArray[np.uint8]:
        """Lung labels, lesion included."""
        centres = voxel_centres(grid)
        labels = np.zeros(grid.shape, dtype=np.uint8)
        for value, lung in ((1, self.right), (2, self.left)):
            if lung:
                labels[lung.on(centres) & (labels == 0)] = value
        return labels

    def lesion_mask(self, grid: Geometry) -> NDArray[np.bool_]:
        if not self.lesion:
            return np.zeros(grid.shape, dtype=np.bool_)
        return self.lesion.on(voxel_centres(grid)) & (self.truth(grid) > 0)

    def volume(self, grid: Geometry, noise_hu: float = 15.0) -> Volume:
        x, y, z = np.moveaxis(voxel_centres(grid), -1, 0)
        hu = np.full(grid.shape, -1000.0)
        hu[(np.abs(y - 118) < 4) & (np.abs(x) < 140)] = 200.0
        hu[(x / 135) ** 2 + (y / 95) ** 2 <= 1] = -100.0
        hu[(x / 125) ** 2 + (y / 85) ** 2 <= 1] = 40.0
        hu[self.truth(grid) > 0] = self.lung_hu
        hu[self.lesion_mask(grid)] = self.lesion_hu
        if self.trachea:
            hu[(x**2 + (y - 30) ** 2 <= 8**2) & (z > 40)] = -995.0
        if self.bowel_gas:
            hu[((x - 40) / 25) ** 2 + ((y + 40) / 20) ** 2 + ((z + 125) / 20) ** 2 <= 1] = -995.0
        hu += np.random.default_rng(3).normal(0, noise_hu, grid.shape)
        return Volume(np.rint(hu).astype(np.int16), grid)


def touching() -> Chest:
    """Lungs that meet in front of the heart."""
    return Chest(
        right=replace(RIGHT, centre_mm=(-45.0, 0.0, 0.0)),
        left=replace(LEFT, centre_mm=(43.0, 0.0, 0.0)),
        trachea=False,
    )


def dice(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    total = int(found.sum()) + int(truth.sum())
    return 2.0 * int((found & truth).sum()) / total if total else 1.0
