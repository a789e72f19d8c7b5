"""Both lungs in a chest CT, found by classical means."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Volume
from serving.pipelines.airways import airway_mask
from serving.pipelines.body import body_mask
from serving.pipelines.coarse_grid import Bool, CoarseGrid
from serving.pipelines.consolidation import add_dense_lung
from serving.pipelines.cross import bounding_box, dilate_cross
from serving.pipelines.free_gas import free_gas
from serving.pipelines.lung_fill import fill_lungs
from serving.pipelines.orientation import Orientation
from serving.pipelines.settings import LungSettings
from serving.pipelines.sides import split_sides
from serving.pipelines.silhouette import Silhouette

_PADDING_HU = -1024
_MARGIN = 5
"""Voxels around enclosed air that its walls are judged by; what lies further out is no lung."""
_LOW_SHARE = 0.4
_BOWEL_WALL_STEPS = 3
"""Voxels around free gas that are no lung either: bowel and what is in it."""


def segment_lungs(volume: Volume, settings: LungSettings) -> NDArray[np.uint8]:
    """Lung labels on the source grid: 0 background, 1 right, 2 left lung of the patient.

    Consolidated and ground-glass lung inside the outline counts as lung; trachea, main bronchi,
    heart and hila do not. All zero where no lung is seen. Thresholding inside the body, removal
    of the airways, parting of the sides and closing of the outline, after Hu, Hoffman and
    Reinhardt, IEEE Trans. Med. Imaging 20(6), 2001.
    """
    orientation = Orientation.of(volume.geometry)
    hu = orientation.to_canonical(volume.hu)
    shape = (hu.shape[0], hu.shape[1], hu.shape[2])
    target = (settings.coarse_slice_mm, settings.coarse_in_plane_mm, settings.coarse_in_plane_mm)
    grid = CoarseGrid.fit(shape, orientation.spacing_mm, target)
    coarse = _coarse_lungs(grid.reduce(hu, _PADDING_HU), grid.coarse_spacing_mm, settings)
    return np.ascontiguousarray(orientation.to_source(grid.expand_labels(coarse)))


def _coarse_lungs(
    hu: NDArray[np.float32], spacing_mm: tuple[float, float, float], settings: LungSettings
) -> NDArray[np.uint8]:
    labels = np.zeros(hu.shape, dtype=np.uint8)
    body = body_mask(hu, spacing_mm)
    aired = body & (hu < settings.air_below_hu)
    if not aired.any():
        return labels
    box = bounding_box(aired, _MARGIN)
    silhouette = Silhouette.of(body[box[0]], box[2].start)
    inner, enclosed = np.ascontiguousarray(hu[box]), np.ascontiguousarray(body[box])
    labels[box] = _enclosed_lungs(inner, enclosed, silhouette, spacing_mm, settings)
    return labels


def _enclosed_lungs(
    hu: NDArray[np.float32],
    body: Bool,
    silhouette: Silhouette,
    spacing_mm: tuple[float, float, float],
    settings: LungSettings,
) -> NDArray[np.uint8]:
    """Lung labels in the box of all air that the body encloses."""
    airway = airway_mask(hu, body, silhouette, spacing_mm, settings.airway_below_hu)
    wall = dilate_cross(airway)
    air = body & (hu < settings.air_below_hu) & ~wall
    gas = free_gas(air, hu, spacing_mm, settings.gas_below_hu)
    aerated = air & ~gas
    if np.count_nonzero(aerated) * np.prod(spacing_mm) < settings.smallest_lung_ml * 1000.0:
        return np.zeros(hu.shape, dtype=np.uint8)
    sides = split_sides(aerated, silhouette, spacing_mm)
    bowel = gas | _low_in_front(air & (sides == 0), sides)
    dense = body & ~wall & ~dilate_cross(bowel, _BOWEL_WALL_STEPS)
    whole = add_dense_lung(sides, hu, dense, spacing_mm, settings.dense_lung_below_hu)
    return fill_lungs(whole, body & ~airway, spacing_mm, settings.closing_mm)


def _low_in_front(air: Bool, sides: NDArray[np.uint8]) -> Bool:
    """The part of `air` low and in front within the lungs' box, or below it: where bowel lies."""
    low, front = np.zeros_like(air), np.zeros_like(air)
    height, depth = (np.flatnonzero((sides > 0).any(axis=axes)) for axes in ((1, 2), (0, 2)))
    low[: round(height[0] + _LOW_SHARE * (height[-1] - height[0]))] = True
    front[:, : round((depth[0] + depth[-1]) / 2)] = True
    return np.asarray(air & low & front)
