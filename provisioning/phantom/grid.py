"""The grid of voxels on which the phantom is seen."""

from __future__ import annotations

import numpy as np

from provisioning.phantom.spec import PhantomSpec, Position
from serving.domain.volume import Float64, Geometry

_PLANES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "axial": ((1, 0, 0), (0, 1, 0)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
}
_TURNS: dict[Position, tuple[int, int]] = {
    Position.HEAD_FIRST_SUPINE: (1, 1),
    Position.HEAD_FIRST_PRONE: (-1, -1),
    Position.FEET_FIRST_SUPINE: (-1, 1),
    Position.FEET_FIRST_PRONE: (1, -1),
}
"""Signs of the row and the column direction."""
_ASLANT = np.array([0.6, 0.3, 0.742])


def make_grid(spec: PhantomSpec) -> Geometry:
    """The geometry in the order in which a reader should bring it: ascending along the normal.

    The middle of the grid is the middle of the chest. Axial slices ascend to the head.
    """
    row, column, step = _axes(spec)
    slice_mm, row_mm, column_mm = spec.spacing_mm
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = row * column_mm, column * row_mm, step
    middle = (np.array([spec.columns, spec.rows, spec.slices]) - 1) / 2
    affine[:3, 3] = -affine[:3, :3] @ middle
    normal = np.cross(row, column)
    normal = normal if normal @ step > 0 else -normal
    first = float(affine[:3, 3] @ normal)
    offsets = first + slice_mm * np.arange(spec.slices, dtype=np.float64)
    return Geometry((spec.slices, spec.rows, spec.columns), affine, offsets)


def _axes(spec: PhantomSpec) -> tuple[Float64, Float64, Float64]:
    """Unit row and column directions and the step from slice to slice in mm."""
    row, column = (np.array(axis, dtype=np.float64) for axis in _PLANES[spec.plane])
    turn_row, turn_column = _TURNS[spec.position]
    row, column = row * turn_row, column * turn_column
    turned = _rotation(_ASLANT, spec.oblique_degrees)
    row, column = turned @ row, turned @ column
    normal = np.cross(row, column)
    normal = normal if normal[np.argmax(np.abs(normal))] > 0 else -normal
    tilt = _rotation(row, spec.tilt_degrees)
    step = normal * spec.spacing_mm[0] / np.cos(np.radians(spec.tilt_degrees))
    return row, tilt @ column, step


def _rotation(axis: Float64, degrees: float) -> Float64:
    """Rodrigues' rotation matrix about `axis`."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)
