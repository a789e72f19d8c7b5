"""Lesions in the lungs, as a slice model sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.domain.errors import CorruptModel
from serving.domain.slices import Progress, SliceModel
from serving.domain.volume import Volume
from serving.pipelines.analysis import LEFT_LUNG, RIGHT_LUNG
from serving.pipelines.coarse_grid import Bool
from serving.pipelines.model_field import ModelField
from serving.pipelines.orientation import Orientation
from serving.pipelines.planar import dilate
from serving.pipelines.settings import LesionSettings

_BEYOND_LUNG_MM = 6.0
"""A dense lesion at the chest wall can hide this much of the lung from thresholds."""


@dataclass(frozen=True, slots=True)
class LesionMap:
    """Lesions and the lungs that they complete, both on the source grid."""

    mask: Bool
    lungs: NDArray[np.uint8]
    """The lungs given, with lesion at their border added to the lung that it touches."""


def find_lesions(
    volume: Volume,
    lungs: NDArray[np.uint8],
    model: SliceModel,
    settings: LesionSettings,
    progress: Progress,
) -> LesionMap:
    """What `model` calls lesion in and right beside the lungs.

    Only slices with lung, and a margin, are sent, each as a square field at the size that the
    manifest's preprocessing names, axial, rows to posterior, columns to left. Probabilities are
    interpolated back and cut at the threshold. `lungs` must not be empty. Raises CorruptModel
    where the manifest names no preprocessing; AiboxErrors of the model pass through.
    """
    orientation = Orientation.of(volume.geometry)
    hu = orientation.to_canonical(volume.hu)
    labels = orientation.to_canonical(lungs)
    field = _field(labels > 0, orientation, model, settings)
    slab = _slab(labels > 0, orientation.spacing_mm[0], settings.margin_slices_mm)
    probabilities = model.predict(field.to_model(hu[slab]), progress)
    reach = _reach(field.labels_to_model(labels[slab]), field)
    lesion = np.zeros(labels.shape, dtype=np.bool_)
    whole = labels.copy()
    for plane, index in enumerate(range(slab.start, slab.stop)):
        near = field.labels_to_frame(reach[plane : plane + 1])[0]
        within = np.where(whole[index] > 0, whole[index], near)
        found = field.to_frame(probabilities[plane]) > settings.threshold
        lesion[index] = found & (within > 0)
        whole[index] = np.where(lesion[index], within, whole[index])
    return LesionMap(
        mask=np.ascontiguousarray(orientation.to_source(lesion)),
        lungs=np.ascontiguousarray(orientation.to_source(whole)),
    )


def _field(
    lungs: Bool, orientation: Orientation, model: SliceModel, settings: LesionSettings
) -> ModelField:
    preprocessing = model.manifest.preprocessing
    if preprocessing is None:
        raise CorruptModel("the model's manifest names no rows and columns for its input")
    in_plane = (orientation.spacing_mm[1], orientation.spacing_mm[2])
    shape = (preprocessing.rows, preprocessing.columns)
    return ModelField.around(lungs, in_plane, shape, settings.field_of_view_mm)


def _slab(lungs: Bool, spacing_mm: float, margin_mm: float) -> slice:
    planes = np.flatnonzero(lungs.any(axis=(1, 2)))
    margin = round(margin_mm / spacing_mm)
    return slice(max(0, int(planes[0]) - margin), min(len(lungs), int(planes[-1]) + margin + 1))


def _reach(labels: NDArray[np.uint8], field: ModelField) -> NDArray[np.uint8]:
    """Lung labels of the model's grid grown by `_BEYOND_LUNG_MM` in the axial plane."""
    rows_mm, columns_mm = field.pixel_mm
    reach = labels.copy()
    for side in (RIGHT_LUNG, LEFT_LUNG):
        grown = dilate(labels == side, _BEYOND_LUNG_MM, (1.0, rows_mm, columns_mm))
        reach[grown & (reach == 0)] = side
    return reach
