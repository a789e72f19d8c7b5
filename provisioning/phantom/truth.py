"""What is known of a phantom: volumes as integrals of its formulas, masks on its grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from provisioning.phantom.anatomy import LUNG_BOX, lung_distance
from provisioning.phantom.lesion import Lesion
from provisioning.phantom.shapes import Points
from provisioning.phantom.view import BoxIndex, SliceView
from serving.domain.volume import Float64, Geometry

RIGHT_LUNG, LEFT_LUNG = 1, 2
_LESION_STEP_MM = 1.0
_LUNG_STEP_MM = 2.0


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LesionTruth(_Part):
    """One lesion; `index` is its value in the mask, from 1."""

    index: int
    side: str
    kind: str
    hu: float
    volume_ml: float


class TrueVolumes(_Part):
    """`truth.json`: volumes in millilitres, integrated on a grid much finer than the images'."""

    lesions: tuple[LesionTruth, ...]
    lesion_ml: float
    right_lesion_ml: float
    left_lesion_ml: float
    right_lung_ml: float
    left_lung_ml: float

    @property
    def lesion_percent(self) -> float:
        """Lesion in per cent of lung."""
        return 100 * self.lesion_ml / (self.right_lung_ml + self.left_lung_ml)

    def write(self, path: Path) -> None:
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class PhantomTruth:
    """Volumes, and masks (slices, rows, columns) in the order in which a reader brings slices."""

    volumes: TrueVolumes
    geometry: Geometry
    lungs: NDArray[np.uint8]
    """RIGHT_LUNG, LEFT_LUNG or 0; lesions and vessels are part of the lung."""
    lesions: NDArray[np.uint8]
    """The lesion's index, or 0."""


def measured_ml(mask: NDArray[np.bool_], geometry: Geometry) -> float:
    """Volume of a mask (slices, rows, columns) by counting voxels, in millilitres."""
    counts = np.count_nonzero(mask, axis=(1, 2))
    return float(counts @ geometry.voxel_volumes_ml)


def find_truth(lesions: Sequence[Lesion], geometry: Geometry) -> PhantomTruth:
    """The truth about `lesions` in the standard lungs, seen on `geometry`."""
    lungs = np.zeros(geometry.shape, dtype=np.uint8)
    labels = np.zeros(geometry.shape, dtype=np.uint8)
    lung_box = BoxIndex(geometry, [LUNG_BOX])
    lesion_boxes = BoxIndex(geometry, [lesion.box for lesion in lesions])
    for index in range(geometry.shape[0]):
        view = SliceView(geometry, index)
        for _, window in lung_box.at(index):
            points = view.points(window)
            side = np.where(points[0] < 0, RIGHT_LUNG, LEFT_LUNG)
            lungs[index][window] = np.where(lung_distance(points) < 0, side, 0)
        for number, window in lesion_boxes.at(index):
            inside = lesions[number].distance(view.points(window)) < 0
            part = labels[index][window]
            part[inside & (part == 0)] = number + 1
    return PhantomTruth(true_volumes(lesions), geometry, lungs, labels)


def true_volumes(lesions: Sequence[Lesion]) -> TrueVolumes:
    """Volumes integrated over fine grids; where lesions overlap the first one has it."""
    found = tuple(_lesion_truth(number, lesions) for number in range(len(lesions)))
    right, left = _lungs_ml()
    sides = {
        side: sum(truth.volume_ml for truth in found if truth.side == side)
        for side in ("right", "left")
    }
    return TrueVolumes(
        lesions=found,
        lesion_ml=sides["right"] + sides["left"],
        right_lesion_ml=sides["right"],
        left_lesion_ml=sides["left"],
        right_lung_ml=right,
        left_lung_ml=left,
    )


def _lesion_truth(number: int, lesions: Sequence[Lesion]) -> LesionTruth:
    lesion = lesions[number]
    points = _fine_grid(lesion.box, _LESION_STEP_MM)
    inside = lesion.distance(points) < 0
    for earlier in lesions[:number]:
        inside &= earlier.distance(points) >= 0
    return LesionTruth(
        index=number + 1,
        side="right" if lesion.spec.centre_mm[0] < 0 else "left",
        kind=str(lesion.spec.kind),
        hu=lesion.spec.hu,
        volume_ml=float(np.count_nonzero(inside)) * _LESION_STEP_MM**3 / 1000,
    )


def _lungs_ml() -> tuple[float, float]:
    """Volumes of the right and the left lung."""
    x, y, z = _fine_grid(LUNG_BOX, _LUNG_STEP_MM)
    inside = lung_distance((x, y, z)) < 0
    right, both = np.count_nonzero(inside[x[:, 0, 0] < 0]), np.count_nonzero(inside)
    cube_ml = _LUNG_STEP_MM**3 / 1000
    return right * cube_ml, (both - right) * cube_ml


def _fine_grid(box: Float64, step_mm: float) -> Points:
    """Centres of cubes of `step_mm` that fill `box`, as arrays that broadcast."""
    axes = [
        np.arange(low + step_mm / 2, high, step_mm, dtype=np.float32)
        for low, high in zip(box[0], box[1], strict=True)
    ]
    return axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :]
