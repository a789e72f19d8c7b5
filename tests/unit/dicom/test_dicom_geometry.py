"""Places and volumes stay right whatever the order, orientation and spacing of slices."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.dicom.frames import Frame, Plane, Repeat, Rescale
from serving.dicom.geometry import arrange
from serving.domain.errors import UnsupportedImage

ROWS, COLUMNS = 32, 30


def rotation(axis, degrees):
    x, y, z = np.asarray(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def frame(position, row, column, spacing, number, thickness=3.0, acquisition=1):
    plane = Plane(
        position_mm=tuple(float(v) for v in position),
        row_direction=tuple(float(v) for v in row),
        column_direction=tuple(float(v) for v in column),
        row_spacing_mm=spacing[0],
        column_spacing_mm=spacing[1],
        thickness_mm=thickness,
    )
    return Frame(
        path=Path(f"{number}"),
        index=0,
        sop_instance_uid=f"1.2.{number}",
        instance_number=number,
        rows=ROWS,
        columns=COLUMNS,
        plane=plane,
        rescale=Rescale(1, -1024),
        padding=None,
        image_type=("ORIGINAL", "PRIMARY", "AXIAL"),
        repeat=Repeat(acquisition, 0, "", ""),
    )


def axial(heights, **changes):
    return [
        frame([0, 0, z], [1, 0, 0], [0, 1, 0], (1.0, 1.0), n, **changes)
        for n, z in enumerate(heights, start=1)
    ]


def codes(arrangement):
    return [notice.code for notice in arrangement.notices]


AXES = [
    ([1, 0, 0], [0, 1, 0]),
    ([-1, 0, 0], [0, -1, 0]),
    ([-1, 0, 0], [0, 1, 0]),
    ([1, 0, 0], [0, -1, 0]),
    ([1, 0, 0], [0, 0, -1]),
    ([0, 1, 0], [0, 0, -1]),
]


@st.composite
def scans(draw):
    """Frames over a box around the origin in any orientation, spacing and order."""
    row, column = draw(st.sampled_from(AXES))
    turn = rotation([0.3, 0.9, 0.4], draw(st.floats(-40, 40)))
    row, column = turn @ np.array(row), turn @ np.array(column)
    normal = np.cross(row, column) * draw(st.sampled_from([1, -1]))
    spacing = draw(st.floats(1.1, 2.5)), draw(st.floats(1.1, 2.5))
    step = draw(st.floats(1.0, 4.0))
    count = int(np.ceil(40 / step)) + 1
    corner = -row * spacing[1] * (COLUMNS - 1) / 2 - column * spacing[0] * (ROWS - 1) / 2
    first = corner - normal * step * (count - 1) / 2
    frames = [frame(first + normal * step * i, row, column, spacing, i + 1) for i in range(count)]
    draw(st.randoms(use_true_random=False)).shuffle(frames)
    return frames


def ball(geometry, centre, radius):
    """Voxel centres within a ball: indices (n, 3) as (column, row, slice)."""
    slices, rows, columns = geometry.shape
    grid = np.stack(
        np.meshgrid(np.arange(columns), np.arange(rows), np.arange(slices), indexing="ij"), -1
    )
    indices = grid.reshape(-1, 3).astype(float)
    near = np.linalg.norm(geometry.to_lps_mm(indices) - centre, axis=1) < radius
    return indices[near]


@settings(deadline=None, max_examples=30)
@given(scans())
def test_a_ball_has_its_place_and_volume_in_every_scan(frames):
    geometry = arrange(frames).geometry
    centre, radius = np.array([2.0, -3.0, 1.0]), 13.0
    inside = ball(geometry, centre, radius)
    volume = geometry.voxel_volumes_ml[inside[:, 2].astype(int)].sum()
    assert volume == pytest.approx(4 / 3 * np.pi * radius**3 / 1000, rel=0.05)
    assert np.allclose(geometry.to_lps_mm(inside).mean(axis=0), centre, atol=0.5)


@settings(deadline=None, max_examples=30)
@given(scans())
def test_every_slice_lies_where_its_header_says(frames):
    arranged = arrange(frames)
    count = len(arranged.frames)
    firsts = np.column_stack((np.zeros(count), np.zeros(count), np.arange(count)))
    written = [f.plane.position_mm for f in arranged.frames]
    assert np.allclose(arranged.geometry.to_lps_mm(firsts), written, atol=1e-6)
    last = np.array([[COLUMNS - 1, ROWS - 1, 0]], dtype=float)
    plane = arranged.frames[0].plane
    corner = (
        np.array(plane.position_mm)
        + np.array(plane.row_direction) * plane.column_spacing_mm * (COLUMNS - 1)
        + np.array(plane.column_direction) * plane.row_spacing_mm * (ROWS - 1)
    )
    assert np.allclose(arranged.geometry.to_lps_mm(last)[0], corner, atol=1e-6)
    assert np.all(np.diff(arranged.geometry.slice_offsets_mm) > 0)
    assert codes(arranged) == []


@settings(deadline=None, max_examples=30)
@given(scans(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(frames, shuffler):
    first = arrange(frames)
    shuffler.shuffle(frames)
    second = arrange(frames)
    assert first.frames == second.frames
    assert np.array_equal(first.geometry.affine_lps, second.geometry.affine_lps)


def test_axial_slices_ascend_to_the_head_whatever_their_numbers():
    arranged = arrange(axial([30, 20, 10, 0]))
    assert [f.plane.position_mm[2] for f in arranged.frames] == [0, 10, 20, 30]
    assert arranged.geometry.slice_offsets_mm.tolist() == [0, 10, 20, 30]


def test_gantry_tilt_leans_the_third_column():
    tilt = np.radians(20)
    column = [0, np.cos(tilt), -np.sin(tilt)]
    frames = [frame([0, 0, 5.0 * i], [1, 0, 0], column, (1, 1), i) for i in range(10)]
    arranged = arrange(frames)
    assert codes(arranged) == ["gantry_tilt"]
    assert "20.0 degrees" in arranged.notices[0].message
    assert np.allclose(arranged.geometry.affine_lps[:3, 2], [0, 0, 5])
    assert arranged.geometry.slice_spacing_mm == pytest.approx(5 * np.cos(tilt))


@pytest.mark.parametrize("degrees", [-25, 12, 25])
def test_a_tilted_ball_keeps_its_volume(degrees):
    tilt = np.radians(degrees)
    column = [0, np.cos(tilt), -np.sin(tilt)]
    frames = [
        frame([-15, -16 * np.cos(tilt), 2.0 * i - 30], [1, 0, 0], column, (1, 1), i)
        for i in range(31)
    ]
    geometry = arrange(frames).geometry
    centre = geometry.to_lps_mm(np.array([[15.0, 16.0, 15.0]]))[0]
    inside = ball(geometry, centre, 13.0)
    volume = geometry.voxel_volumes_ml[inside[:, 2].astype(int)].sum()
    assert volume == pytest.approx(4 / 3 * np.pi * 13**3 / 1000, rel=0.05)


def test_missing_slices_are_said_and_nothing_moves():
    heights = [float(z) for z in range(0, 60, 2) if z not in (20, 22, 40)]
    arranged = arrange(axial(heights))
    assert codes(arranged) == ["missing_slices"]
    assert "3 slices" in arranged.notices[0].message
    assert "2 places" in arranged.notices[0].message
    assert arranged.geometry.slice_spacing_mm == pytest.approx(2)
    assert arranged.geometry.slice_offsets_mm.tolist() == heights
    top = arranged.geometry.to_lps_mm(np.array([[0.0, 0.0, len(heights) - 1]]))[0]
    assert top[2] == pytest.approx(heights[-1])


def test_uneven_spacing_is_said_and_volumes_stay_right():
    heights = np.cumsum([0, *([2.0] * 10), *([2.6] * 8)])
    arranged = arrange(axial(heights))
    assert codes(arranged) == ["uneven_spacing"]
    total = arranged.geometry.slice_extents_mm.sum()
    assert total == pytest.approx(heights[-1] - heights[0] + (2.0 + 2.6) / 2, rel=0.01)


def test_positions_rounded_in_the_file_are_even():
    heights = [round(1.25 * i, 1) for i in range(40)]
    assert codes(arrange(axial(heights))) == []


def test_duplicates_by_position_and_by_uid_are_left_out():
    frames = axial([0, 2, 4, 6])
    again = dataclasses.replace(frames[1], sop_instance_uid="1.2.99", instance_number=99)
    frames += [again, frames[2]]
    for seed in range(5):
        random.Random(seed).shuffle(frames)
        arranged = arrange(frames)
        assert codes(arranged) == ["duplicate_slices"]
        assert [f.instance_number for f in arranged.frames] == [1, 2, 3, 4]


def test_sideways_shifts_are_said():
    frames = axial(range(0, 40, 2))
    plane = dataclasses.replace(frames[7].plane, position_mm=(6.0, 0.0, 14.0))
    frames[7] = dataclasses.replace(frames[7], plane=plane)
    assert codes(arrange(frames)) == ["shifted_slices"]


def test_a_single_slice_has_its_thickness():
    geometry = arrange(axial([7.0], thickness=2.5)).geometry
    assert geometry.slice_spacing_mm == pytest.approx(2.5)
    assert geometry.voxel_volumes_ml.tolist() == pytest.approx([0.0025])


def test_a_single_slice_without_thickness_is_refused():
    with pytest.raises(UnsupportedImage, match="how thick"):
        arrange(axial([7.0], thickness=None))
