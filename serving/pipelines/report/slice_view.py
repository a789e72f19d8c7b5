"""How a slice is turned so that a reader sees it the usual way round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64, Geometry

_Scalar = TypeVar("_Scalar", bound=np.generic)

_LETTERS = (("R", "L"), ("A", "P"), ("F", "H"))
"""DICOM's letters for the negative and positive end of x, y, z (PS3.3 C.7.6.1.1.1)."""
_NOTABLE = 0.35
"""The least component (about 20 degrees) that earns a second letter."""

_TO_LEFT, _TO_POSTERIOR, _TO_FEET = np.eye(3)[0], np.eye(3)[1], -np.eye(3)[2]
_USUAL: dict[int, tuple[str, Float64, Float64]] = {
    0: ("sagittal", _TO_POSTERIOR, _TO_FEET),
    1: ("coronal", _TO_LEFT, _TO_FEET),
    2: ("axial", _TO_LEFT, _TO_POSTERIOR),
}
"""By the patient axis that the slice normal is nearest to: plane, viewer's right, viewer's down."""


@dataclass(frozen=True, slots=True)
class EdgeMarkers:
    """Letters of the patient directions at the four edges of a picture."""

    left: str
    right: str
    top: str
    bottom: str


@dataclass(frozen=True, slots=True)
class SliceView:
    """Radiological display of source slices: the patient's right on the viewer's left."""

    plane: str
    """axial, coronal or sagittal: the nearest one."""
    transposed: bool
    flip_rows: bool
    flip_columns: bool
    markers: EdgeMarkers
    highest_first: bool
    """Whether the highest slice index is the one that is read first."""
    row_spacing_mm: float
    column_spacing_mm: float
    """Spacing between the rows and columns of the turned picture."""

    def turn(self, image: NDArray[_Scalar]) -> NDArray[_Scalar]:
        """A source slice (rows, columns) as displayed."""
        turned = image.T if self.transposed else image
        return turned[:: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1]

    def reading_order(self, indices: Sequence[int]) -> list[int]:
        """Slice indices from head to feet (front to back, right to left)."""
        return sorted(indices, reverse=self.highest_first)


def slice_view(geometry: Geometry) -> SliceView:
    """The usual way round for the source slices of this geometry."""
    axis = int(np.argmax(np.abs(geometry.normal)))
    plane, right, down = _USUAL[axis]
    along_columns = _unit(geometry.affine_lps[:3, 0])
    along_rows = _unit(geometry.affine_lps[:3, 1])
    transposed = abs(along_rows @ right) > abs(along_columns @ right)
    across, downward = (along_rows, along_columns) if transposed else (along_columns, along_rows)
    flip_columns, flip_rows = bool(across @ right < 0), bool(downward @ down < 0)
    across = -across if flip_columns else across
    downward = -downward if flip_rows else downward
    spacings = (geometry.row_spacing_mm, geometry.column_spacing_mm)
    row_mm, column_mm = spacings[::-1] if transposed else spacings
    return SliceView(
        plane,
        bool(transposed),
        flip_rows,
        flip_columns,
        EdgeMarkers(letters(-across), letters(across), letters(-downward), letters(downward)),
        bool(geometry.normal[axis] > 0) == (axis == 2),
        row_mm,
        column_mm,
    )


def letters(direction_lps: NDArray[np.floating[Any]]) -> str:
    """The one or two letters of a unit direction, the strongest first: 'L', 'PH'."""
    strongest = np.argsort(-np.abs(direction_lps))
    kept = [axis for axis in strongest if abs(direction_lps[axis]) >= _NOTABLE][:2]
    return "".join(_LETTERS[axis][int(direction_lps[axis] > 0)] for axis in kept)


def _unit(vector: Float64) -> Float64:
    return np.asarray(vector / np.linalg.norm(vector))
