"""Volumes and densities of lungs and lesions, by region and lesion by lesion."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from serving.domain.finding import Lesion, Region, Side, Zone
from serving.domain.volume import Float64, Volume
from serving.pipelines.analysis import LEFT_LUNG, RIGHT_LUNG
from serving.pipelines.anatomy import anatomy
from serving.pipelines.lesion_table import LesionTable
from serving.pipelines.zones import ZONES, HeightMap, ZoneBorders

SIDES = {RIGHT_LUNG: Side.RIGHT, LEFT_LUNG: Side.LEFT}
_CELLS = len(SIDES) * len(ZONES)


def _cells() -> Float64:
    return np.zeros((len(SIDES), len(ZONES)))


@dataclass(frozen=True, slots=True)
class _Sums:
    """Volume (ml) and volume-weighted HU of lung and lesion, (side, zone)."""

    lung_ml: Float64 = field(default_factory=_cells)
    lung_hu_ml: Float64 = field(default_factory=_cells)
    lesion_ml: Float64 = field(default_factory=_cells)
    lesion_hu_ml: Float64 = field(default_factory=_cells)


@dataclass(frozen=True, slots=True)
class Measurement:
    """All regions and lesions of one chest."""

    both_lungs: Region
    lungs: tuple[Region, ...]
    """Right, left."""
    zones: tuple[Region, ...]
    """Right upper, middle, lower, then left."""
    lesion_count: int
    lesions: tuple[Lesion, ...]
    """Largest first, at most the number asked for."""


def measure(
    volume: Volume,
    lungs: NDArray[np.uint8],
    lesions: NDArray[np.uint16],
    most_lesions: int = 50,
) -> Measurement:
    """Measures labels on the source grid, each slice with the thickness that it stands for.

    `lungs` holds 0, 1 (right), 2 (left) and includes lesions; `lesions` numbers them from 1,
    largest first. Zones are thirds of the height of what is seen of both lungs. A side is what
    the lung label says, which comes from patient coordinates. `lungs` must not be empty.
    """
    heights = HeightMap.of(volume.geometry)
    borders = ZoneBorders.of(lungs > 0, heights)
    sums, table = _Sums(), LesionTable(int(lesions.max()))
    for index in np.flatnonzero(lungs.any(axis=(1, 2))):
        plane = int(index)
        inside = np.nonzero(lungs[plane])
        zone = borders.zone_indices(heights.plane_mm(plane)[inside])
        side = lungs[plane][inside].astype(np.intp) - RIGHT_LUNG
        cell, hu = side * len(ZONES) + zone, volume.hu[plane][inside].astype(np.float64)
        voxel_ml = float(volume.geometry.voxel_volumes_ml[plane])
        number = lesions[plane][inside].astype(np.intp)
        _add(sums.lung_ml, sums.lung_hu_ml, cell, hu, voxel_ml)
        sick = number > 0
        _add(sums.lesion_ml, sums.lesion_hu_ml, cell[sick], hu[sick], voxel_ml)
        table.add(plane, inside, number, cell, hu, voxel_ml)
    return Measurement(
        both_lungs=_region(sums, None, None),
        lungs=tuple(_region(sums, side, None) for side in SIDES.values()),
        zones=tuple(_region(sums, side, zone) for side, zone in product(SIDES.values(), ZONES)),
        lesion_count=table.count,
        lesions=table.largest(most_lesions, volume.geometry),
    )


def _add(
    volume_ml: Float64, hu_ml: Float64, cell: NDArray[np.intp], hu: Float64, voxel_ml: float
) -> None:
    shape = volume_ml.shape
    volume_ml += np.bincount(cell, minlength=_CELLS).reshape(shape) * voxel_ml
    hu_ml += np.bincount(cell, weights=hu, minlength=_CELLS).reshape(shape) * voxel_ml


def _region(sums: _Sums, side: Side | None, zone: Zone | None) -> Region:
    sides = slice(None) if side is None else slice(_index(side), _index(side) + 1)
    zones = slice(None) if zone is None else slice(ZONES.index(zone), ZONES.index(zone) + 1)
    lung_ml = float(sums.lung_ml[sides, zones].sum())
    lesion_ml = float(sums.lesion_ml[sides, zones].sum())
    return Region(
        side=side,
        zone=zone,
        anatomy=anatomy(side, zone),
        lung_volume_ml=lung_ml,
        lesion_volume_ml=lesion_ml,
        lesion_percent=100.0 * lesion_ml / lung_ml if lung_ml else None,
        mean_lung_hu=float(sums.lung_hu_ml[sides, zones].sum()) / lung_ml if lung_ml else None,
        mean_lesion_hu=(
            float(sums.lesion_hu_ml[sides, zones].sum()) / lesion_ml if lesion_ml else None
        ),
    )


def _index(side: Side) -> int:
    return list(SIDES.values()).index(side)
