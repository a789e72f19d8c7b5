"""RT Structure Sets: contours of regions, put on the grid of an image (PS3.3 section C.8.8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from serving.dicom import tags
from serving.domain.errors import InvalidRequest, UnsupportedImage
from serving.domain.volume import Float64, Geometry
from serving.radiomics.reading.grid import to_index
from serving.radiomics.reading.mask_source import Entry, PlacedMask, outside_the_image
from serving.radiomics.reading.polygon import inside_even_odd

_CLOSED = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"})
_ON_SLICE = 0.1
"""A contour may lie so far from a slice's centre without a word, in slices."""
_LEAST_POINTS = 3


@dataclass(frozen=True, slots=True)
class _Flat:
    """A contour on the grid: its vertices (n, 2) as (column, row), its place as a slice index."""

    vertices: Float64
    slice_index: float


class StructureSet:
    """The regions of one RTSTRUCT (MaskSource)."""

    def __init__(self, header: Dataset) -> None:
        """`header` is the data set read whole."""
        self._contours = {
            tags.integer(item, "ReferencedROINumber", -1): tags.items(item, "ContourSequence")
            for item in tags.items(header, "ROIContourSequence")
        }
        self._entries = tuple(
            Entry(tags.integer(item, "ROINumber", -1), tags.text(item, "ROIName"))
            for item in tags.items(header, "StructureSetROISequence")
        )

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self._entries

    def place(self, entry: Entry, image: Geometry) -> PlacedMask:
        """Voxels whose centres lie inside the contours of their slice, by the even-odd rule.

        Raises InvalidRequest where no contour lies on the image or they cross its slices.
        """
        flat = [_flattened(one, image) for one in self._closed(entry)]
        found, notices = _by_slice(flat, image.shape[0])
        mask = np.zeros(image.shape, dtype=np.bool_)
        for index, polygons in found.items():
            mask[index] = inside_even_odd(polygons, image.shape[1:])
        if found and not mask.any():
            raise outside_the_image()
        return PlacedMask(mask, notices)

    def _closed(self, entry: Entry) -> list[Float64]:
        """Vertices (n, 3) in LPS mm of each closed contour."""
        items = self._contours.get(entry.number, ())
        kinds = [tags.text(item, "ContourGeometricType").upper() for item in items]
        closed = [_points(i) for i, kind in zip(items, kinds, strict=True) if kind in _CLOSED]
        return [one for one in closed if len(one) >= _LEAST_POINTS]


def _points(item: Dataset) -> Float64:
    """Raises UnsupportedImage where the coordinates are no triples of finite numbers."""
    try:
        raw = item.get_item("ContourData")
        text = raw.value if raw is not None and isinstance(raw.value, bytes) else None
        parts = text.strip(b"\0 ").split(b"\\") if text else tags.numbers(item, "ContourData")
        found = np.array([float(part) for part in parts]).reshape(-1, 3)
    except Exception:  # whatever a hostile value raises
        raise _bad_points() from None
    if not np.isfinite(found).all():
        raise _bad_points()
    return found


def _bad_points() -> UnsupportedImage:
    return UnsupportedImage(
        "the contours of an RTSTRUCT hold something other than coordinates; export it again"
    )


def _flattened(points: Float64, image: Geometry) -> _Flat:
    found = to_index(image, points)
    if np.ptp(found[:, 2]) > 2 * _ON_SLICE:
        raise InvalidRequest(
            "the contours do not lie in the slices of the image but across them; give the series "
            "on which they were drawn"
        )
    return _Flat(found[:, :2], float(found[:, 2].mean()))


def _by_slice(
    contours: Sequence[_Flat], slices: int
) -> tuple[Mapping[int, list[Float64]], tuple[str, ...]]:
    """Contours of each slice, and what is odd about where they lie."""
    found: dict[int, list[Float64]] = defaultdict(list)
    levels: dict[int, list[float]] = defaultdict(list)
    outside = 0
    for one in contours:
        index = int(np.floor(one.slice_index + 0.5))
        if not 0 <= index < slices:
            outside += 1
            continue
        found[index].append(one.vertices)
        levels[index].append(one.slice_index)
    if outside and not found:
        raise outside_the_image()
    _require_one_level(levels)
    return found, _place_notices(levels, outside)


def _require_one_level(levels: Mapping[int, list[float]]) -> None:
    """Contours of two planes on one slice would cut holes into each other."""
    if any(max(one) - min(one) > 2 * _ON_SLICE for one in levels.values()):
        raise InvalidRequest(
            "the contours lie closer to each other than the slices of the image; give the series "
            "on which they were drawn"
        )


def _place_notices(levels: Mapping[int, list[float]], outside: int) -> tuple[str, ...]:
    notices: list[str] = []
    beside = max((abs(level - k) for k, one in levels.items() for level in one), default=0.0)
    if beside > _ON_SLICE:
        notices.append(
            f"Contours lie up to {beside:.2f} slices beside the slices; the nearest were taken."
        )
    if outside:
        notices.append(f"{outside} contours lie outside the image and were left out.")
    skipped = max(levels) - min(levels) + 1 - len(levels) if levels else 0
    if skipped:
        notices.append(f"{skipped} slices between contours have none and were left empty.")
    return tuple(notices)
