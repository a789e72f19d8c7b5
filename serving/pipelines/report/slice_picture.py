"""One source slice as a radiologist would look at it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serving.pipelines.analysis import ChestCtAnalysis
from serving.pipelines.report.annotation import Annotator
from serving.pipelines.report.lesion_labels import label_lesions
from serving.pipelines.report.picture import (
    Picture,
    overlay_layer,
    picture_size,
    resized_grey,
    resized_labels,
)
from serving.pipelines.report.slice_view import SliceView
from serving.pipelines.report.windowing import lung_window


@dataclass(frozen=True, slots=True)
class SlicePicture:
    """A key slice: its index on the source grid, where it lies, and what it looks like."""

    index: int
    position: str
    lesion_percent: float | None
    """Lesion pixels per cent of lung pixels in this slice; None without lung."""
    lesions: tuple[int, ...]
    """Indices of the lesions in this slice, ascending (so the largest first)."""
    picture: Picture

    @property
    def file_name(self) -> str:
        return f"overlays/slice-{self.index:04d}.png"


def slice_picture(analysis: ChestCtAnalysis, view: SliceView, index: int) -> SlicePicture:
    """The picture of one source slice, turned by `view`, in the lung window."""
    lungs, lesions = analysis.lungs[index], analysis.lesions[index]
    lung_pixels = int(np.count_nonzero(lungs))
    inside = int(np.count_nonzero(lesions[lungs > 0]))
    return SlicePicture(
        index,
        slice_position(analysis, index),
        100.0 * inside / lung_pixels if lung_pixels else None,
        tuple(int(value) for value in np.unique(lesions) if value),
        _picture(analysis, view, index),
    )


def slice_position(analysis: ChestCtAnalysis, index: int) -> str:
    """Where the middle of a slice lies along its plane's patient axis, e.g. 'z −812.5 mm'."""
    geometry = analysis.volume.geometry
    _, rows, columns = geometry.shape
    middle = np.array([[(columns - 1) / 2, (rows - 1) / 2, float(index)]])
    axis = int(np.argmax(np.abs(geometry.normal)))
    value = float(geometry.to_lps_mm(middle)[0, axis])
    return f"{'xyz'[axis]} {value:.1f} mm".replace("-", "−")


def _picture(analysis: ChestCtAnalysis, view: SliceView, index: int) -> Picture:
    hu = view.turn(analysis.volume.hu[index])
    size = picture_size(hu.shape, view.row_spacing_mm, view.column_spacing_mm)
    grey = resized_grey(lung_window(hu), size)
    lungs = resized_labels(view.turn(analysis.lungs[index]), size)
    lesions = resized_labels(view.turn(analysis.lesions[index]), size)
    annotator = Annotator(grey)
    annotator.edges(view.markers)
    annotator.corner((f"slice {index}", slice_position(analysis, index)))
    annotator.footer("SYNTHETIC" if analysis.study.synthetic else "not a medical device")
    annotator.scale_bar(view.column_spacing_mm * hu.shape[1] / size[1])
    overlay = overlay_layer(lungs, lesions)
    label_lesions(overlay, lesions)
    return Picture(grey, overlay)
