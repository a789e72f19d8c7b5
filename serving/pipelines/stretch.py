"""Linear interpolation along one axis, from coarse voxels to fine ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Stretch:
    """The fine voxels that a run of coarse ones reaches, and what each is mixed from.

    Indices count from the voxel before the run, which a caller pads with zeros at both ends.
    """

    window: slice
    """The fine voxels reached."""
    below: NDArray[np.intp]
    above: NDArray[np.intp]
    weight: NDArray[np.float32]
    """Of `above`; the rest is that of `below`."""

    @classmethod
    def of(cls, length: int, factor: int, run: slice) -> Stretch:
        """For an axis of `length` fine voxels, blocks of `factor` averaged into coarse ones.

        Beyond the centres of the first and the last coarse voxel their values hold.
        """
        positions = (np.arange(length) + 0.5) / factor - 0.5
        last = -(-length // factor) - 1
        below = np.clip(np.floor(positions).astype(np.intp), 0, last)
        above = np.minimum(below + 1, last)
        reached = np.flatnonzero((above >= run.start) & (below < run.stop))
        window = slice(int(reached[0]), int(reached[-1]) + 1)
        weight = np.clip(positions - below, 0.0, 1.0).astype(np.float32)
        before = run.start - 1
        return cls(window, below[window] - before, above[window] - before, weight[window])

    def mixes(self) -> Iterator[tuple[int, int, np.float32]]:
        """For each fine voxel: below, above, weight."""
        return zip(self.below.tolist(), self.above.tolist(), self.weight, strict=True)

    def stretched(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The fine values along axis 0 of a padded run (coarse, n)."""
        weight = self.weight[:, None]
        return np.asarray(values[self.below] * (1 - weight) + values[self.above] * weight)
