"""Trachea and main bronchi: aerated, and no lung."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from serving.pipelines.coarse_grid import Bool, label_in_planes
from serving.pipelines.cross import Slices, bounding_box, grow_within, label_sizes
from serving.pipelines.silhouette import Silhouette

_SEED_BELOW_HU = -800.0
_SEED_AREA_MM2 = (50.0, 700.0)
_SEED_FROM_MIDLINE_MM = 40.0
_SEED_ELONGATION = 2.5
_REACH_MM = 75.0
_LARGEST_ML = 130.0
_LEAK_RATIO = 1.8
"""Growth from one threshold to the next that only a leak into lung explains."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """One in-plane component that could be a section of the trachea."""

    label: int
    plane: int
    row: float
    column: float


def airway_mask(
    hu: NDArray[np.float32],
    body: Bool,
    silhouette: Silhouette,
    spacing_mm: tuple[float, float, float],
    highest_hu: int,
) -> Bool:
    """Lumen of trachea and main bronchi; empty where no trachea is in the images.

    The trachea is followed down from the top of the scan as a small round section near the
    midline; from there the lumen is grown at rising thresholds up to `highest_hu` and the last
    one before it leaks into lung is kept (explosion control, as in Mori et al., IEEE Trans.
    Med. Imaging 2000).
    """
    labels, count = label_in_planes(body & (hu < _SEED_BELOW_HU))
    track = _longest_track(_spots(labels, count, silhouette.middle(), spacing_mm), spacing_mm)
    airway = np.zeros_like(body)
    if not track:
        return airway
    on_track = np.zeros(count + 1, dtype=np.bool_)
    on_track[[spot.label for spot in track]] = True
    seed = on_track[labels]
    window = _surroundings(seed, spacing_mm)
    airway[window] = _grow(hu[window], body[window], seed[window], spacing_mm, highest_hu)
    return airway


def _spots(
    labels: NDArray[np.int32], count: int, middle: float, spacing_mm: tuple[float, float, float]
) -> list[_Spot]:
    """Components of the size, roundness and place (by the middle column) of a trachea."""
    _, dy, dx = spacing_mm
    sizes = label_sizes(labels, count)
    spots = []
    for index, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None or not _SEED_AREA_MM2[0] <= sizes[index] * dy * dx <= _SEED_AREA_MM2[1]:
            continue
        height = (box[1].stop - box[1].start) * dy
        width = (box[2].stop - box[2].start) * dx
        row = (box[1].stop + box[1].start - 1) / 2
        column = (box[2].stop + box[2].start - 1) / 2
        elongated = max(height, width) > _SEED_ELONGATION * min(height, width)
        if elongated or abs(column - middle) * dx > _SEED_FROM_MIDLINE_MM:
            continue
        spots.append(_Spot(index, box[0].start, row, column))
    return spots


def _longest_track(spots: list[_Spot], spacing_mm: tuple[float, float, float]) -> list[_Spot]:
    """The run of spots, each within a few mm of the one above, that reaches furthest down."""
    tracks: list[list[_Spot]] = []
    for spot in sorted(spots, key=lambda s: -s.plane):
        heir = next((t for t in tracks if _follows(t[-1], spot, spacing_mm)), None)
        if heir is None:
            tracks.append([spot])
        else:
            heir.append(spot)
    longest = max(tracks, key=len, default=[])
    return longest if len(longest) * spacing_mm[0] >= 10.0 else []


def _follows(above: _Spot, below: _Spot, spacing_mm: tuple[float, float, float]) -> bool:
    gap_mm = (above.plane - below.plane) * spacing_mm[0]
    apart_mm = float(
        np.hypot(
            (above.row - below.row) * spacing_mm[1], (above.column - below.column) * spacing_mm[2]
        )
    )
    return 0 < gap_mm <= max(6.0, spacing_mm[0]) and apart_mm <= 5.0 + gap_mm


def _surroundings(seed: Bool, spacing_mm: tuple[float, float, float]) -> Slices:
    box = bounding_box(seed)
    margins = [round(_REACH_MM / s) for s in spacing_mm]
    return tuple(
        slice(max(0, part.start - margin), part.stop + margin)
        for part, margin in zip(box, margins, strict=True)
    )


def _grow(
    hu: NDArray[np.float32],
    body: Bool,
    seed: Bool,
    spacing_mm: tuple[float, float, float],
    highest_hu: int,
) -> Bool:
    voxel_ml = float(np.prod(spacing_mm)) / 1000.0
    kept, kept_ml = seed, float(seed.sum()) * voxel_ml
    for threshold in range(-980, highest_hu + 1, 20):
        grown = grow_within(seed, (body & (hu < threshold)) | seed)
        volume_ml = float(grown.sum()) * voxel_ml
        if volume_ml > _LARGEST_ML or volume_ml > _LEAK_RATIO * kept_ml + 5.0:
            break
        kept, kept_ml = grown, volume_ml
    return kept
