"""The coronal overview: where in the lungs the lesions and the key slices lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from serving.domain.volume import Geometry
from serving.pipelines.analysis import ChestCtAnalysis
from serving.pipelines.report.annotation import Annotator
from serving.pipelines.report.patient_plane import CoronalPlane, coronal_plane
from serving.pipelines.report.picture import Picture, overlay_layer
from serving.pipelines.report.slice_view import EdgeMarkers
from serving.pipelines.report.windowing import lung_window
from serving.pipelines.zones import HeightMap, ZoneBorders

_MARKERS = EdgeMarkers("R", "L", "H", "F")
_TICK = (255, 255, 255, 255)
_SHADE = (0, 0, 0, 255)
_DOTS = (255, 255, 0, 230)
_LEAST_HEIGHT_MM = 20.0


@dataclass(frozen=True, slots=True)
class CoronalPicture:
    """A coronal plane through the most lesion (else the most lung) with the key slices marked."""

    position: str
    picture: Picture


def coronal_picture(analysis: ChestCtAnalysis, key_slices: Sequence[int]) -> CoronalPicture | None:
    """The overview; None where the volume is too flat from head to feet to show one."""
    geometry = analysis.volume.geometry
    plane = coronal_plane(geometry, _fullest_y_mm(analysis))
    height, _ = plane.seen.shape
    if height * plane.pixel_mm < _LEAST_HEIGHT_MM:
        return None
    grey = Image.fromarray(lung_window(plane.sample_hu(analysis.volume.hu)))
    overlay = overlay_layer(
        plane.sample_labels(analysis.lungs), plane.sample_labels(analysis.lesions)
    )
    _mark_zones(overlay, plane, analysis)
    annotator = Annotator(grey)
    annotator.sides(_MARKERS)
    annotator.scale_bar(plane.pixel_mm)
    if int(np.argmax(np.abs(geometry.normal))) == 2:
        _mark_slices(annotator, overlay, plane, key_slices)
    return CoronalPicture(f"y {plane.y_mm:.1f} mm".replace("-", "−"), Picture(grey, overlay))


def _mark_zones(overlay: Image.Image, plane: CoronalPlane, analysis: ChestCtAnalysis) -> None:
    """Dotted lines where the upper, middle and lower zones meet."""
    lungs = analysis.lungs > 0
    if not lungs.any():
        return
    borders = ZoneBorders.of(lungs, HeightMap.of(analysis.volume.geometry))
    draw = ImageDraw.Draw(overlay)
    for share in (1 / 3, 2 / 3):
        z_mm = borders.highest_mm - share * (borders.highest_mm - borders.lowest_mm)
        row = round((plane.top_z_mm - z_mm) / plane.pixel_mm)
        for column in range(0, overlay.width, 10):
            draw.line((column, row, column + 4, row), fill=_DOTS)


def _fullest_y_mm(analysis: ChestCtAnalysis) -> float:
    """The y (LPS) of the plane across the array that holds most lesion, else most lung."""
    geometry = analysis.volume.geometry
    labels: NDArray[Any] = analysis.lesions if analysis.lesions.any() else analysis.lungs
    axis = _anterior_axis(geometry)
    others = tuple(a for a in range(3) if a != axis)
    fullest = int(np.argmax(np.count_nonzero(labels, axis=others)))
    middle = [(n - 1) / 2 for n in labels.shape]
    middle[axis] = fullest
    if labels.any():
        inside = np.argwhere(np.take(labels, fullest, axis=axis))
        for other, place in zip(others, inside.mean(axis=0), strict=True):
            middle[other] = float(place)
    return float(geometry.to_lps_mm(np.array([middle[::-1]]))[0, 1])


def _anterior_axis(geometry: Geometry) -> int:
    """The array axis (slices, rows, columns) that runs most nearly from front to back."""
    directions = geometry.affine_lps[:3, :3] / np.linalg.norm(geometry.affine_lps[:3, :3], axis=0)
    return 2 - int(np.argmax(np.abs(directions[1])))


def _mark_slices(
    annotator: Annotator, overlay: Image.Image, plane: CoronalPlane, key_slices: Sequence[int]
) -> None:
    height, width = plane.seen.shape
    slice_of_row = plane.indices[0, :, width // 2]
    draw = ImageDraw.Draw(overlay)
    for index in key_slices:
        row = int(np.argmin(np.abs(slice_of_row - index)))
        for start in (0, width - width // 20):
            draw.line((start, row + 1, start + width // 20, row + 1), fill=_SHADE)
            draw.line((start, row, start + width // 20, row), fill=_TICK)
        inside = min(max(row, 10), height - 10)
        annotator.note((width // 20 + 4, inside), str(index), "lm")
