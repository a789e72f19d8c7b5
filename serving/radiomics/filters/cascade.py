"""Chains of one-dimensional convolutions that share what they have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from serving.domain.volume import Float64
from serving.radiomics.filters.boundary import Boundary
from serving.radiomics.filters.convolution import convolve
from serving.radiomics.filters.kernel import Kernel, radius

AXES = (2, 1, 0)
"""Array axes of IBSI-2's k1, k2, k3: columns, rows, slices."""
Support = tuple[int, int, int]
"""Voxels (slice, row, column) that a filter reads to each side of the one that it answers for."""


@dataclass(frozen=True, slots=True)
class Step:
    """One convolution along one axis of (slices, rows, columns)."""

    axis: int
    kernel: Kernel


class Cascade:
    """Applies chains of steps to one image and keeps the intermediate results of the last chain.

    Chains given in an order that keeps common beginnings together cost each beginning once: the
    eight sub-bands of a wavelet take 14 convolutions, not 24.
    """

    def __init__(self, values: Float64, boundary: Boundary) -> None:
        self._values = values
        self._boundary = boundary
        self._done: list[tuple[Step, Float64]] = []

    def response(self, steps: Sequence[Step]) -> Float64:
        """Apply one step after the other; the caller owns the result."""
        *before, last = steps
        self._keep_common(before)
        for step in before[len(self._done) :]:
            self._done.append((step, self._convolve(step)))
        return self._convolve(last)

    def _keep_common(self, steps: Sequence[Step]) -> None:
        common = 0
        while common < min(len(steps), len(self._done)) and (
            steps[common] == self._done[common][0]
        ):
            common += 1
        del self._done[common:]

    def _convolve(self, step: Step) -> Float64:
        values = self._done[-1][1] if self._done else self._values
        return convolve(values, step.kernel, step.axis, self._boundary)


def support_of(steps: Iterable[Step]) -> Support:
    """Say how far a chain of steps reads along each axis."""
    reach = [0, 0, 0]
    for step in steps:
        reach[step.axis] += radius(step.kernel)
    return reach[0], reach[1], reach[2]
