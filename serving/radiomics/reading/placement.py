"""A mask of another grid brought onto the image's, voxel by voxel, without resampling."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from serving.domain.errors import InvalidRequest
from serving.domain.volume import Float64, Geometry
from serving.radiomics.imaging.image import Mask
from serving.radiomics.reading.grid import to_index

_OFF_AXIS = 0.05
"""A step to the next voxel may differ so much from one voxel of the image, in voxels."""
_OFF_GRID = 0.25
"""Corners of the mask may lie so far from voxel centres of the image: files round positions."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Which voxel of the image each voxel of a mask is; axes in the order (column, row, slice)."""

    axes: tuple[int, int, int]
    """The image's axis along which each axis of the mask runs."""
    signs: tuple[int, int, int]
    origin: tuple[int, int, int]
    """The image's index of the mask's first voxel."""


def place(shape: tuple[int, int, int], affine_lps: Float64, image: Geometry) -> Placement:
    """How a mask of `shape` (slices, rows, columns) lies on the grid of `image`.

    Right where the grids differ by flips, exchanged axes and whole voxels only. Raises
    InvalidRequest that says what differs otherwise.
    """
    steps = np.linalg.inv(image.affine_lps)[:3, :3] @ affine_lps[:3, :3]
    axes = np.argmax(np.abs(steps), axis=0)
    whole = np.zeros((3, 3))
    whole[axes, range(3)] = np.sign(steps[axes, range(3)])
    size = np.array(shape[::-1])
    several = size > 1
    if len(set(axes)) < 3 or np.abs(steps - whole)[:, several].max(initial=0.0) > _OFF_AXIS:
        raise _mismatch(_what_differs(affine_lps, steps, image))
    corners = np.array(list(product(*((0, n - 1) for n in size))), dtype=np.float64)
    found = to_index(image, corners @ affine_lps[:3, :3].T + affine_lps[:3, 3])
    shift = found - corners @ whole.T
    origin = np.rint(shift.mean(axis=0))
    beside = np.abs(shift - origin).max(axis=0)
    if beside.max() > _OFF_GRID:
        raise _mismatch(
            f"its voxel centres lie up to {beside.max():.2f} voxels beside those of the image"
        )
    return Placement(_three(axes), _three(whole[axes, range(3)]), _three(origin))


def paste(target: Mask, source: Mask, placement: Placement) -> int:
    """Adds `source` to `target`, both (slices, rows, columns); says how many voxels fell outside.

    `target` is on the image's grid and changed in place.
    """
    turned, start = _turned(source.transpose(2, 1, 0), placement)
    view = target.transpose(2, 1, 0)
    low = [max(0, -first) for first in start]
    high = [min(n, room - a) for n, room, a in zip(turned.shape, view.shape, start, strict=True)]
    inside = turned[tuple(slice(a, max(a, b)) for a, b in zip(low, high, strict=True))]
    if inside.size:
        at = (first + a for first, a in zip(start, low, strict=True))
        view[tuple(slice(a, a + n) for a, n in zip(at, inside.shape, strict=True))] |= inside
    return int(np.count_nonzero(source) - np.count_nonzero(inside))


def _turned(source: Mask, placement: Placement) -> tuple[Mask, list[int]]:
    """`source` (columns, rows, slices) along the image's axes, and where its first voxel goes."""
    order = np.argsort(placement.axes)
    turned = source.transpose(*order)
    start = list(placement.origin)
    for axis, own in enumerate(order):
        if placement.signs[own] < 0:
            turned = np.flip(turned, axis)
            start[axis] -= turned.shape[axis] - 1
    return turned, start


def _three(values: NDArray[np.generic]) -> tuple[int, int, int]:
    a, b, c = (int(value) for value in values.tolist())
    return a, b, c


def _mismatch(why: str) -> InvalidRequest:
    return InvalidRequest(
        f"the mask does not lie on the grid of the image: {why}; "
        "give a mask drawn on this image, or resample it to the image first"
    )


def _what_differs(affine_lps: Float64, steps: Float64, image: Geometry) -> str:
    ratios = np.linalg.norm(steps, axis=0)
    if np.abs(ratios - 1).max() > _OFF_AXIS:
        own = np.linalg.norm(affine_lps[:3, :3], axis=0)
        theirs = np.linalg.norm(image.affine_lps[:3, :3], axis=0)
        return f"its voxels measure {_sizes(own)} mm and the image's {_sizes(theirs)} mm"
    cosine = float(np.clip(np.abs(steps).max(axis=0).min(), 0, 1))
    return f"it is turned by {np.degrees(np.arccos(cosine)):.1f} degrees against the image"


def _sizes(lengths: Float64) -> str:
    return " x ".join(f"{length:.3f}" for length in lengths)
