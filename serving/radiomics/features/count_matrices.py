"""Stacks of sparse count matrices: what every texture family but NGTDM is computed of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from serving.radiomics.features.grid import Int64

_DIRECT = 1 << 22
"""Key spaces up to this size index the table of counts directly; larger ones are hashed."""
_ODD = 0x9E3779B1
"""Knuth's multiplicative hash: neighbouring keys spread over the table."""


@dataclass(frozen=True, slots=True)
class CountMatrices:
    """Matrices n(row, column), as lists of their entries that are not zero.

    Entries of matrix m are `rows[starts[m]:starts[m + 1]]` and so on. Rows and columns count from
    1, as grey levels do. Memory grows with the number of voxels, never with that of grey levels
    squared.
    """

    rows: Int64
    columns: Int64
    counts: Int64
    starts: Int64

    def merged(self, groups: Int64) -> CountMatrices:
        """The sums of matrices of one group; `groups` holds a number from 0 on for each matrix."""
        group_of_entry = np.repeat(groups, np.diff(self.starts))
        order = np.argsort(group_of_entry, kind="stable")
        bounds = np.arange(groups.max(initial=-1) + 2)
        starts = np.searchsorted(group_of_entry[order], bounds)
        width = int(self.columns.max(initial=0)) + 1
        keys = (self.rows * width + self.columns)[order]
        return tally(keys, starts, width, self.counts[order])

    def chosen(self, numbers: Sequence[int]) -> CountMatrices:
        """The matrices of these numbers, at least one."""
        spans = [slice(self.starts[n], self.starts[n + 1]) for n in numbers]
        parts = (self.rows, self.columns, self.counts)
        lengths = [span.stop - span.start for span in spans]
        rows, columns, counts = (np.concatenate([part[span] for span in spans]) for part in parts)
        return CountMatrices(rows, columns, counts, np.cumsum([0, *lengths]))


def stacked(stacks: Sequence[CountMatrices]) -> CountMatrices:
    """One stack of several, in their order."""
    lengths = np.concatenate([np.diff(stack.starts) for stack in stacks])
    return CountMatrices(
        np.concatenate([stack.rows for stack in stacks]),
        np.concatenate([stack.columns for stack in stacks]),
        np.concatenate([stack.counts for stack in stacks]),
        np.concatenate([[0], np.cumsum(lengths)]),
    )


def tally(keys: Int64, starts: Int64, width: int, weights: Int64 | None = None) -> CountMatrices:
    """Counts equal keys, `row * width + column`, within each span of `starts`."""
    if weights is None:
        weights = np.ones(len(keys), np.int64)
    size, factor = _table(int(keys.max(initial=0)) + 1, len(keys))
    found, counts, bounds = _tally(keys, weights, starts, size - 1, factor)
    rows, columns = np.divmod(found, width)
    return CountMatrices(rows, columns, counts, bounds)


def squares(keys: Int64, counts: Int64, starts: Int64) -> NDArray[np.float64]:
    """Sum over distinct keys of the squared sum of their counts, for each span of `starts`.

    No span may be empty.
    """
    sums = tally(keys, starts, 1, counts)
    return np.add.reduceat(np.square(sums.counts.astype(np.float64)), sums.starts[:-1])


def _table(space: int, entries: int) -> tuple[int, int]:
    """How large the table is (a power of two, less than half full) and the hash's factor."""
    if space <= _DIRECT:
        return 1 << (space - 1).bit_length(), 1
    return 1 << (2 * entries).bit_length(), _ODD


@njit(cache=True)
def _tally(
    keys: Int64, weights: Int64, starts: Int64, mask: int, factor: int
) -> tuple[Int64, Int64, Int64]:
    """Open addressing; with a factor of 1 and a table as large as the key space, plain indexing."""
    slots = np.full(mask + 1, -1, np.int64)
    counts = np.zeros(mask + 1, np.int64)
    touched = np.empty(min(mask + 1, len(keys)), np.int64)
    out_keys = np.empty(len(keys), np.int64)
    out_counts = np.empty(len(keys), np.int64)
    out_starts = np.zeros(len(starts), np.int64)
    total = 0
    for span in range(len(starts) - 1):
        used = 0
        for position in range(starts[span], starts[span + 1]):
            key = keys[position]
            slot = (key * factor) & mask
            while slots[slot] != key:
                if slots[slot] == -1:
                    slots[slot] = key
                    touched[used] = slot
                    used += 1
                    break
                slot = (slot + 1) & mask
            counts[slot] += weights[position]
        for n in range(used):
            slot = touched[n]
            out_keys[total] = slots[slot]
            out_counts[total] = counts[slot]
            total += 1
            slots[slot] = -1
            counts[slot] = 0
        out_starts[span + 1] = total
    return out_keys[:total].copy(), out_counts[:total].copy(), out_starts
