"""What GLRLM, GLSZM, GLDZM and NGLDM have in common: sixteen features of one form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.radiomics.features.count_matrices import CountMatrices, squares
from serving.radiomics.features.grid import Int64

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Emphases:
    """Features of matrices n(i, j), i a grey level, j a length, size, distance or dependence.

    One value for each matrix (matrices,). IBSI 3.7 to 3.9 and 3.11; `small` and `large` speak
    of j.
    """

    small: Values
    large: Values
    low_level: Values
    high_level: Values
    small_low: Values
    small_high: Values
    large_low: Values
    large_high: Values
    level_nonuniformity: Values
    level_nonuniformity_normalised: Values
    nonuniformity: Values
    nonuniformity_normalised: Values
    percentage: Values
    level_variance: Values
    variance: Values
    entropy: Values
    energy: Values


def emphases(matrices: CountMatrices, voxels: Int64) -> Emphases:
    """Of each matrix that has entries; `voxels` says of how many voxels each was made."""
    filled = np.diff(matrices.starts) > 0
    starts = np.append(matrices.starts[:-1][filled], len(matrices.rows))
    entries = _Entries(matrices.rows, matrices.columns, matrices.counts, starts)
    total = entries.sums(1.0)
    level, size = matrices.rows.astype(np.float64), matrices.columns.astype(np.float64)
    level2, size2 = level * level, size * size
    levels = squares(matrices.rows, matrices.counts, starts)
    sizes = squares(matrices.columns, matrices.counts, starts)
    chance = matrices.counts / np.repeat(total, np.diff(starts))
    return Emphases(
        small=entries.sums(1.0 / size2) / total,
        large=entries.sums(size2) / total,
        low_level=entries.sums(1.0 / level2) / total,
        high_level=entries.sums(level2) / total,
        small_low=entries.sums(1.0 / (level2 * size2)) / total,
        small_high=entries.sums(level2 / size2) / total,
        large_low=entries.sums(size2 / level2) / total,
        large_high=entries.sums(level2 * size2) / total,
        level_nonuniformity=levels / total,
        level_nonuniformity_normalised=levels / total**2,
        nonuniformity=sizes / total,
        nonuniformity_normalised=sizes / total**2,
        percentage=total / voxels[filled],
        level_variance=entries.variances(level, total),
        variance=entries.variances(size, total),
        entropy=-np.add.reduceat(chance * np.log2(chance), starts[:-1]),
        energy=np.add.reduceat(chance * chance, starts[:-1]),
    )


@dataclass(frozen=True, slots=True)
class _Entries:
    """Entries of matrices none of which is empty."""

    rows: Int64
    columns: Int64
    counts: Int64
    starts: Int64

    def sums(self, weights: Values | float) -> Values:
        """Of weighted counts, for each matrix."""
        return np.add.reduceat(self.counts * weights, self.starts[:-1])

    def variances(self, of: Values, total: Values) -> Values:
        """Of a property of the entries, weighted by their counts, for each matrix."""
        mean = np.repeat(self.sums(of) / total, np.diff(self.starts))
        return self.sums(np.square(of - mean)) / total
