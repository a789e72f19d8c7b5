"""Per-slice attributes wherever they stand: on top, or in functional groups of enhanced CT.

Functional groups: PS3.3 section C.7.6.16; a frame's own group goes before the shared one. Where
neither says anything, the top level is asked, as for a single-frame CT Image.
"""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from serving.dicom import tags
from serving.dicom.frames import Plane, Rescale

_UNIT_TOLERANCE = 0.01


class FrameGroups:
    """Looks attributes of one frame up."""

    def __init__(self, header: Dataset) -> None:
        self._header = header
        self._shared = tags.item(header, "SharedFunctionalGroupsSequence")
        self._frames = tags.items(header, "PerFrameFunctionalGroupsSequence")

    def _macro(self, index: int, sequence: str) -> Dataset:
        own = self._frames[index] if index < len(self._frames) else None
        return tags.item(own, sequence) or tags.item(self._shared, sequence) or self._header

    def content(self, index: int) -> Dataset:
        """The item that holds Frame Content, or the header."""
        return self._macro(index, "FrameContentSequence")

    def kernel(self, index: int) -> str:
        return tags.text(self._macro(index, "CTReconstructionSequence"), "ConvolutionKernel")

    def image_type(self, index: int) -> tuple[str, ...]:
        own = tags.words(self._macro(index, "CTImageFrameTypeSequence"), "FrameType")
        return own or tags.words(self._header, "ImageType")

    def rescale(self, index: int) -> Rescale | None:
        """None where slope or intercept is missing or the slope is 0."""
        macro = self._macro(index, "PixelValueTransformationSequence")
        slope = tags.number(macro, "RescaleSlope")
        intercept = tags.number(macro, "RescaleIntercept")
        if not slope or intercept is None:
            return None
        return Rescale(slope, intercept)

    def plane(self, index: int) -> Plane | None:
        """None where position, orientation or pixel spacing is missing or impossible."""
        measures = self._macro(index, "PixelMeasuresSequence")
        position = tags.numbers(self._macro(index, "PlanePositionSequence"), "ImagePositionPatient")
        orientation = tags.numbers(
            self._macro(index, "PlaneOrientationSequence"), "ImageOrientationPatient"
        )
        spacing = tags.numbers(measures, "PixelSpacing")
        axes = _unit_axes(orientation)
        if len(position) != 3 or axes is None or len(spacing) != 2 or min(spacing) <= 0:
            return None
        thickness = tags.number(measures, "SliceThickness")
        return Plane(
            position_mm=(position[0], position[1], position[2]),
            row_direction=axes[0],
            column_direction=axes[1],
            row_spacing_mm=spacing[0],
            column_spacing_mm=spacing[1],
            thickness_mm=thickness if thickness and thickness > 0 else None,
        )


Direction = tuple[float, float, float]


def _unit_axes(orientation: tuple[float, ...]) -> tuple[Direction, Direction] | None:
    """Two perpendicular unit vectors, or None; rounding in the file is taken out."""
    if len(orientation) != 6:
        return None
    row, column = np.asarray(orientation[:3]), np.asarray(orientation[3:])
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if max(abs(length - 1) for length in lengths) > _UNIT_TOLERANCE:
        return None
    row, column = row / lengths[0], column / lengths[1]
    lean = float(row @ column)
    if abs(lean) > _UNIT_TOLERANCE:
        return None
    column = column - lean * row
    column = column / np.linalg.norm(column)
    return (row[0], row[1], row[2]), (column[0], column[1], column[2])
