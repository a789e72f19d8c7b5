"""Rectangles of a plane, and the few fixed shapes of them that a model is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ALIGNED_TO = 32
"""Windows start at multiples of this many pixels. A network that halves its maps five times pools
the same pixels together in a crop as in the whole plane only then; measured on two studies, the
Dice of a crop against the whole plane is 0.98 without it, whatever the margin, and 0.9995 with."""


@dataclass(frozen=True, slots=True)
class Window:
    """Rows `top` to `bottom` and columns `left` to `right` of a plane, ends not included."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def whole(cls, shape: tuple[int, ...]) -> Window:
        """All of a plane of this shape (its last two sizes count)."""
        return cls(0, 0, shape[-2], shape[-1])

    @property
    def shape(self) -> tuple[int, int]:
        return self.bottom - self.top, self.right - self.left

    @property
    def inside(self) -> tuple[slice, slice]:
        """The index of the window's pixels in a plane."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grown(self, rows: int, columns: int, shape: tuple[int, int]) -> Window:
        """Larger by so many pixels on every side, cut at the borders of a plane."""
        return Window(
            max(0, self.top - rows),
            max(0, self.left - columns),
            min(shape[0], self.bottom + rows),
            min(shape[1], self.right + columns),
        )

    def joined(self, other: Window) -> Window:
        """The smallest window that holds both."""
        return Window(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )


def windows_of(labels: NDArray[np.uint8]) -> dict[int, Window]:
    """The bounding box of what is not 0, by plane, for the planes that hold any."""
    rows, columns = np.any(labels, axis=2), np.any(labels, axis=1)
    found = {}
    for plane in np.flatnonzero(rows.any(axis=1)):
        high, wide = np.flatnonzero(rows[plane]), np.flatnonzero(columns[plane])
        found[int(plane)] = Window(int(high[0]), int(wide[0]), int(high[-1]) + 1, int(wide[-1]) + 1)
    return found


def crop_window(
    wanted: Window, plane: tuple[int, int], frames: Sequence[tuple[int, int]]
) -> Window:
    """The smallest window by area of one of the shapes `frames` that holds `wanted`.

    It starts at multiples of `ALIGNED_TO`, lies inside the plane, and has `wanted` as near to its
    middle as that allows; the whole plane where no shape fits.
    """
    for rows, columns in sorted(frames, key=lambda shape: shape[0] * shape[1]):
        top = _start(wanted.top, wanted.bottom, rows, plane[0])
        left = _start(wanted.left, wanted.right, columns, plane[1])
        if top is not None and left is not None:
            return Window(top, left, top + rows, left + columns)
    return Window.whole(plane)


def _start(first: int, end: int, size: int, whole: int) -> int | None:
    """Where `size` pixels begin that hold `first` to `end`; None where they cannot."""
    starts = [
        start
        for start in range(0, whole - size + 1, ALIGNED_TO)
        if start <= first and start + size >= end
    ]
    return min(starts, key=lambda start: abs(2 * start + size - first - end), default=None)
