"""Planes through the patient, sampled from a volume wherever its slices lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from serving.domain.volume import Float64, Geometry

_LEAST_PIXELS = 600
_MOST_PIXELS = 900
"""Along the longer side: enough for letters to stay small, few enough for a quick page."""


@dataclass(frozen=True, slots=True)
class CoronalPlane:
    """A coronal plane at `y_mm`: viewer's right is the patient's left, down is to the feet.

    `indices` are the (slice, row, column) indices of each pixel, (3, height, width), fractional;
    `seen` says where a slice really lies.
    """

    y_mm: float
    pixel_mm: float
    top_z_mm: float
    indices: Float64
    seen: NDArray[np.bool_]

    def sample_hu(self, hu: NDArray[np.int16]) -> NDArray[np.float32]:
        """Linear interpolation, (height, width); air outside the volume and in gaps."""
        values = ndimage.map_coordinates(
            hu, self.indices, output=np.float32, order=1, mode="nearest"
        )
        return np.where(self.seen, values, np.float32(-2000.0))

    def sample_labels(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Nearest neighbour, (height, width); 0 outside the volume and in gaps."""
        limits = np.array(labels.shape).reshape(3, 1, 1) - 1
        nearest = np.clip(np.rint(self.indices), 0, limits).astype(int)
        return np.where(self.seen, labels[nearest[0], nearest[1], nearest[2]], 0)


def coronal_plane(geometry: Geometry, y_mm: float) -> CoronalPlane:
    """The coronal plane at `y_mm` (LPS), over the whole extent of the volume."""
    low, high = _bounds(geometry)
    extent = np.array([high[0] - low[0], high[2] - low[2]])
    longest = float(extent.max())
    pixel_mm = max(longest / _MOST_PIXELS, min(longest / _LEAST_PIXELS, min(geometry.spacing_mm)))
    width, height = (np.floor(extent / pixel_mm).astype(int) + 1).tolist()
    x = low[0] + np.arange(width) * pixel_mm
    z = high[2] - np.arange(height) * pixel_mm
    points = np.stack(np.broadcast_arrays(x[None, :], y_mm, z[:, None], 1.0), axis=-1)
    regular = points @ np.linalg.inv(geometry.affine_lps)[:3].T
    slices, covered = _true_slice(geometry, regular[..., 2])
    indices = np.stack([slices, regular[..., 1], regular[..., 0]])
    return CoronalPlane(
        y_mm, pixel_mm, float(high[2]), indices, covered & _inside(regular, geometry)
    )


def _bounds(geometry: Geometry) -> tuple[Float64, Float64]:
    slices, rows, columns = geometry.shape
    corners = np.array(
        [
            (c, r, s)
            for c in (-0.5, columns - 0.5)
            for r in (-0.5, rows - 0.5)
            for s in (0.0, slices - 1.0)
        ]
    )
    points = geometry.to_lps_mm(corners)
    return points.min(axis=0), points.max(axis=0)


def _true_slice(geometry: Geometry, regular: Float64) -> tuple[Float64, NDArray[np.bool_]]:
    """Fractional source slice at fractional places of the regular grid, and whether it is seen."""
    offset = regular * geometry.slice_spacing_mm
    true = geometry.slice_offsets_mm - geometry.slice_offsets_mm[0]
    place = np.interp(offset, true, np.arange(true.size, dtype=np.float64))
    reach = 0.5 * geometry.slice_spacing_mm
    gaps = np.append(np.diff(true), 0.0)
    hole = gaps > 3.0 * reach
    below = np.clip(np.floor(place).astype(int), 0, true.size - 1)
    above = np.minimum(below + 1, true.size - 1)
    nearest = np.minimum(np.abs(offset - true[below]), np.abs(offset - true[above]))
    outside = (offset < -reach) | (offset > true[-1] + reach)
    return place, ~outside & ~(hole[below] & (nearest > reach))


def _inside(regular: Float64, geometry: Geometry) -> NDArray[np.bool_]:
    _, rows, columns = geometry.shape
    column, row = regular[..., 0], regular[..., 1]
    across = (column >= -0.5) & (column <= columns - 0.5)
    return np.asarray(across & (row >= -0.5) & (row <= rows - 0.5))
