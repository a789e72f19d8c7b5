"""Distributions that features of co-occurrence matrices need: of levels, differences and sums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.radiomics.features.count_matrices import CountMatrices
from serving.radiomics.features.grid import Int64

Float64 = NDArray[np.float64]

_CELLS = 1 << 22
"""Distributions are made for as many matrices at a time as need about this many cells."""


@dataclass(frozen=True, slots=True)
class JointDistribution:
    """Of several symmetric co-occurrence matrices p(i, j), each of which sums to one.

    All else that IBSI 3.6 defines follows from these; (matrices,) or (matrices, n).
    """

    level: Float64
    """p(i), i from 0 on; the marginal distribution of rows, equal to that of columns."""
    difference: Float64
    """p(|i - j|), from 0 on."""
    total: Float64
    """p(i + j), from 0 on."""
    maximum: Float64
    energy: Float64
    """Sum of p(i, j) squared."""
    entropy: Float64
    """In bits."""


def distributions(matrices: CountMatrices) -> Iterator[JointDistribution]:
    """Of unordered pairs (i <= j), in bounded parts of the stack, without empty matrices."""
    filled = np.flatnonzero(np.diff(matrices.starts))
    width = int(matrices.columns.max(initial=0)) + 1
    step = max(1, _CELLS // (4 * width))
    for first in range(0, max(1, len(filled)), step):
        yield _distribution(matrices, filled[first : first + step], width)


def _distribution(matrices: CountMatrices, chosen: Int64, width: int) -> JointDistribution:
    made = JointDistribution(
        np.zeros((len(chosen), width)),
        np.zeros((len(chosen), width)),
        np.zeros((len(chosen), 2 * width - 1)),
        *(np.zeros(len(chosen)) for _ in range(3)),
    )
    for row, matrix in enumerate(chosen):
        span = slice(matrices.starts[matrix], matrices.starts[matrix + 1])
        made.maximum[row], made.energy[row], made.entropy[row] = _accumulate(
            matrices.rows[span],
            matrices.columns[span],
            matrices.counts[span],
            made.level[row],
            made.difference[row],
            made.total[row],
        )
    return made


@njit(cache=True)
def _accumulate(
    rows: Int64,
    columns: Int64,
    counts: Int64,
    level: Float64,
    difference: Float64,
    total: Float64,
) -> tuple[float, float, float]:
    """Each unordered pair stands for two equal entries, or for one doubled on the diagonal."""
    pairs = counts.sum()
    maximum, energy, entropy = 0.0, 0.0, 0.0
    for n in range(len(counts)):
        chance = counts[n] / pairs
        level[rows[n]] += chance / 2
        level[columns[n]] += chance / 2
        difference[columns[n] - rows[n]] += chance
        total[columns[n] + rows[n]] += chance
        entries = 1 if rows[n] == columns[n] else 2
        each = chance / entries
        maximum = max(maximum, each)
        energy += entries * each * each
        entropy -= chance * np.log2(each)
    return maximum, energy, entropy
