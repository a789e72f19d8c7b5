"""From the planes of slices to the geometry of a volume (PS3.3 sections C.7.6.2 and C.8.2.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serving.dicom import refusals
from serving.dicom.frames import Frame, Plane
from serving.dicom.stack import SAME_POSITION_MM
from serving.domain.study import Notice
from serving.domain.volume import Float64, Geometry

_HOLE = 1.5
"""A gap of more than this many regular spacings has slices missing in it."""
_UNEVEN = 0.1
_UNEVEN_MM = 0.11
"""Gaps that differ less than both are even: positions are written with few digits."""
_TILT_DEGREES = 0.5


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Slices in order, each position once, with the geometry they make."""

    frames: tuple[Frame, ...]
    geometry: Geometry
    notices: tuple[Notice, ...]


def arrange(frames: Sequence[Frame]) -> Arrangement:
    """Orders `frames` by position along their normal and lays the regular grid over them.

    The regular spacing is the median gap. Raises UnsupportedImage where a slice has no plane or
    a single slice says nothing of its thickness.
    """
    kept, notices = _distinct(frames)
    planes = [_plane_of(frame) for frame in kept]
    normal = planes[0].normal
    offsets = np.array([plane.offset_mm(normal) for plane in planes])
    spacing = _regular_spacing(planes, offsets)
    lean = _lean(planes, offsets, normal)
    geometry = Geometry(
        shape=(len(kept), kept[0].rows, kept[0].columns),
        affine_lps=_affine(planes[0], lean * spacing),
        slice_offsets_mm=offsets,
    )
    notices += _gap_notices(offsets, spacing) + _tilt_notices(lean, normal)
    notices += _shift_notices(planes, geometry)
    return Arrangement(tuple(kept), geometry, tuple(notices))


def _plane_of(frame: Frame) -> Plane:
    if frame.plane is None:
        raise refusals.no_usable_series("its slices do not say where they lie in the patient")
    return frame.plane


def _distinct(frames: Sequence[Frame]) -> tuple[list[Frame], list[Notice]]:
    """Each instance and each position once, ascending; the lowest instance number stays."""
    unique = {(f.sop_instance_uid, f.index): f for f in sorted(frames, key=_identity)}
    normal = _plane_of(next(iter(unique.values()))).normal
    placed = sorted(
        ((_plane_of(f).offset_mm(normal), f) for f in unique.values()), key=lambda entry: entry[0]
    )
    groups: list[list[Frame]] = []
    last_mm = -np.inf
    for offset_mm, frame in placed:
        if offset_mm - last_mm > SAME_POSITION_MM:
            groups.append([])
            last_mm = offset_mm
        groups[-1].append(frame)
    kept = [min(group, key=_identity) for group in groups]
    left_out = len(frames) - len(kept)
    return kept, [_duplicates(left_out)] if left_out else []


def _identity(frame: Frame) -> tuple[int, int, str, int]:
    return frame.repeat.acquisition, frame.instance_number, frame.sop_instance_uid, frame.index


def _duplicates(count: int) -> Notice:
    return Notice(
        "duplicate_slices",
        f"{count} slices lie at a position that another slice takes; they were left out.",
    )


def _regular_spacing(planes: Sequence[Plane], offsets: Float64) -> float:
    if len(planes) > 1:
        return float(np.median(np.diff(offsets)))
    thickness = planes[0].thickness_mm
    if thickness is None:
        raise refusals.no_usable_series("it is a single slice that does not say how thick it is")
    return thickness


def _lean(planes: Sequence[Plane], offsets: Float64, normal: Float64) -> Float64:
    """Way of the first pixel per mm along the normal; the normal itself without gantry tilt."""
    if len(planes) < 2:
        return normal
    first, last = np.asarray(planes[0].position_mm), np.asarray(planes[-1].position_mm)
    return np.asarray((last - first) / (offsets[-1] - offsets[0]))


def _affine(first: Plane, slice_step: Float64) -> Float64:
    affine = np.eye(4)
    affine[:3, 0] = np.asarray(first.row_direction) * first.column_spacing_mm
    affine[:3, 1] = np.asarray(first.column_direction) * first.row_spacing_mm
    affine[:3, 2] = slice_step
    affine[:3, 3] = first.position_mm
    return affine


def _gap_notices(offsets: Float64, spacing: float) -> list[Notice]:
    gaps = np.diff(offsets)
    holes = gaps > _HOLE * spacing
    found: list[Notice] = []
    if holes.any():
        missing = int(np.sum(np.maximum(np.round(gaps[holes] / spacing) - 1, 1)))
        found.append(
            Notice(
                "missing_slices",
                f"About {missing} slices are missing at {int(holes.sum())} places; volumes count "
                "only what was seen.",
            )
        )
    if np.any(np.abs(gaps[~holes] - spacing) > max(_UNEVEN * spacing, _UNEVEN_MM)):
        found.append(
            Notice(
                "uneven_spacing",
                f"Slices lie {gaps.min():.2f} to {gaps.max():.2f} mm apart; each counts with the "
                "thickness it stands for.",
            )
        )
    return found


def _tilt_notices(lean: Float64, normal: Float64) -> list[Notice]:
    degrees = float(np.degrees(np.arctan(np.linalg.norm(lean - normal))))
    if degrees < _TILT_DEGREES:
        return []
    return [
        Notice(
            "gantry_tilt",
            f"The slices are tilted by {degrees:.1f} degrees against the direction in which they "
            "follow each other; positions take it into account.",
        )
    ]


def _shift_notices(planes: Sequence[Plane], geometry: Geometry) -> list[Notice]:
    """Slices that lie beside the line that the others form, by more than a pixel."""
    firsts = np.zeros((len(planes), 3))
    firsts[:, 2] = np.arange(len(planes))
    written = np.array([plane.position_mm for plane in planes])
    beside = np.linalg.norm(geometry.to_lps_mm(firsts) - written, axis=1)
    shifted = int(np.sum(beside > max(geometry.row_spacing_mm, geometry.column_spacing_mm)))
    if not shifted:
        return []
    return [
        Notice(
            "shifted_slices",
            f"{shifted} slices are shifted sideways by more than a pixel against the others; "
            "positions in them are approximate.",
        )
    ]
