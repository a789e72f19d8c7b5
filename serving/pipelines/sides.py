"""Which aerated tissue is the right lung and which the left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from serving.pipelines.analysis import LEFT_LUNG, RIGHT_LUNG
from serving.pipelines.coarse_grid import Bool
from serving.pipelines.cross import dilate_cross, erode_cross, grow_within, label_sizes
from serving.pipelines.silhouette import Silhouette

_DEEPEST_EROSION_MM = 9.0
_SMALLER_LUNG_SHARE = 0.12
"""The smaller lung has at least this share of the larger one."""
_LUNGS_APART_MM = 50.0
_BROAD_SHARE = 0.25
_CUT_FROM_MIDLINE_MM = 35.0
_FRAGMENT_ML = 2.0
_BOWEL_BELOW_SHARE = 0.4
"""Of a lung's height."""


@dataclass(frozen=True, slots=True)
class _Part:
    label: int
    voxels: int
    column: float


def split_sides(
    aerated: Bool, silhouette: Silhouette, spacing_mm: tuple[float, float, float]
) -> NDArray[np.uint8]:
    """Labels (0, RIGHT_LUNG, LEFT_LUNG) of aerated tissue on canonical axes.

    Where both lungs touch (anterior or posterior junction, shared airways) they are eroded until
    they part and grown back at equal speed, so that the border runs through the thinnest place.
    A single lung gets its side from the middle of the body. Fragments that no lung touches join
    the lung of their side when larger than a few millilitres.
    """
    markers = _markers(aerated, silhouette, spacing_mm)
    labels = _grow_back(markers, aerated)
    return _join_fragments(labels, aerated, spacing_mm)


def _markers(
    aerated: Bool, silhouette: Silhouette, spacing_mm: tuple[float, float, float]
) -> tuple[Bool, Bool, int]:
    """Seeds of the right and the left lung, and the erosion steps that parted them."""
    steps = int(_DEEPEST_EROSION_MM / spacing_mm[2]) + 1
    core = aerated
    for step in range(steps):
        labels, parts = _parts(core)
        pair = _pair(parts, spacing_mm)
        if pair is not None:
            return labels == pair[0].label, labels == pair[1].label, step
        core = erode_cross(core)
    cut = _cut_in_the_middle(aerated, silhouette, spacing_mm)
    return cut or _single(aerated, silhouette)


def _parts(mask: Bool) -> tuple[NDArray[np.int32], list[_Part]]:
    """Components and the two largest of them."""
    labels, count = ndimage.label(mask)
    sizes = label_sizes(labels, count)
    largest = [int(i) for i in np.argsort(sizes)[::-1][:2] if sizes[i] > 0]
    return labels, [_Part(i, int(sizes[i]), _mean_column(labels == i)) for i in largest]


def _mean_column(part: Bool) -> float:
    voxels = np.count_nonzero(part, axis=(0, 1))
    return float(voxels @ np.arange(voxels.size) / voxels.sum())


def _pair(parts: list[_Part], spacing_mm: tuple[float, float, float]) -> tuple[_Part, _Part] | None:
    """Right and left, if the two largest parts are two lungs: alike in size and apart."""
    if len(parts) < 2 or parts[1].voxels < _SMALLER_LUNG_SHARE * parts[0].voxels:
        return None
    right, left = sorted(parts, key=lambda part: part.column)
    apart_mm = (left.column - right.column) * spacing_mm[2]
    return (right, left) if apart_mm >= _LUNGS_APART_MM else None


def _cut_in_the_middle(
    aerated: Bool, silhouette: Silhouette, spacing_mm: tuple[float, float, float]
) -> tuple[Bool, Bool, int] | None:
    """Lungs that meet on a broad front: each slice cut at its thinnest column near the midline.

    None where less than a quarter of the aerated tissue lies on one side: a single lung.
    """
    middle = silhouette.middle(aerated)
    columns = np.arange(aerated.shape[2])
    share = float(aerated[:, :, columns < middle].sum()) / max(1, int(aerated.sum()))
    if not _BROAD_SHARE <= share <= 1 - _BROAD_SHARE:
        return None
    near = np.abs(columns - middle) * spacing_mm[2] <= _CUT_FROM_MIDLINE_MM
    thickness = ndimage.uniform_filter1d(aerated.sum(axis=1).astype(np.float64), 5, axis=0)
    cost = thickness + 0.01 * np.abs(columns - middle)
    cut = np.where(near, cost, np.inf).argmin(axis=1)
    right = columns[None, None, :] < cut[:, None, None]
    return aerated & right, aerated & ~right, 0


def _single(aerated: Bool, silhouette: Silhouette) -> tuple[Bool, Bool, int]:
    labels, parts = _parts(aerated)
    empty = np.zeros_like(aerated)
    if not parts:
        return empty, empty, 0
    lung = labels == parts[0].label
    right = parts[0].column < silhouette.middle(lung)
    return (lung, empty, 0) if right else (empty, lung, 0)


def _grow_back(markers: tuple[Bool, Bool, int], aerated: Bool) -> NDArray[np.uint8]:
    right, left, steps = markers
    for _ in range(2 * steps):
        right = dilate_cross(right) & aerated & ~left
        left = dilate_cross(left) & aerated & ~right
    right = grow_within(right, aerated & ~left)
    left = grow_within(left, aerated & ~right)
    labels = np.zeros(aerated.shape, dtype=np.uint8)
    labels[right] = RIGHT_LUNG
    labels[left] = LEFT_LUNG
    return labels


def _join_fragments(
    labels: NDArray[np.uint8], aerated: Bool, spacing_mm: tuple[float, float, float]
) -> NDArray[np.uint8]:
    """Gives aerated islands inside the box of a lung to it."""
    smallest = _FRAGMENT_ML * 1000.0 / float(np.prod(spacing_mm))
    islands, count = ndimage.label(aerated & (labels == 0))
    sizes = label_sizes(islands, count)
    boxes = ndimage.find_objects(labels, max_label=LEFT_LUNG)
    centers = ndimage.find_objects(islands)
    for index in 1 + np.flatnonzero(sizes[1:] >= smallest):
        middle = [(part.start + part.stop - 1) / 2 for part in centers[index - 1]]
        side = _enclosing_side(middle, boxes)
        if side:
            window = centers[index - 1]
            labels[window][islands[window] == index] = side
    return labels


def _enclosing_side(middle: list[float], boxes: list[tuple[slice, slice, slice] | None]) -> int:
    """The lung whose box holds a point; the nearer one where both do; 0 for none.

    Low and in front lies bowel rather than lung, so a fragment there belongs to neither.
    """
    holds = []
    for side, box in enumerate(boxes, start=RIGHT_LUNG):
        if box and all(p.start <= m < p.stop for m, p in zip(middle, box, strict=True)):
            height, depth, width = (
                (m - p.start) / (p.stop - p.start) for m, p in zip(middle, box, strict=True)
            )
            if height > _BOWEL_BELOW_SHARE or depth > 0.5:
                holds.append((abs(width - 0.5), side))
    return min(holds)[1] if holds else 0
