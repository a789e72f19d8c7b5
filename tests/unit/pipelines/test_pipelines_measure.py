"""Measuring known ellipsoids in grids of every kind; the bar is 5 % of the true volume."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from chest_grids import Ellipsoid, geometry, rotation, voxel_centres
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.domain.finding import Side, Zone
from serving.domain.volume import Geometry, Volume
from serving.pipelines.components import label_lesions
from serving.pipelines.measure import Measurement, measure

RIGHT = Ellipsoid((-40.0, 0.0, 0.0), (28.0, 36.0, 45.0))
LEFT = Ellipsoid((40.0, 4.0, 0.0), (24.0, 32.0, 45.0))
LARGE_LESION = Ellipsoid((-42.0, 8.0, -22.0), (12.0, 14.0, 13.0))
SMALL_LESION = Ellipsoid((41.0, 2.0, 20.0), (11.0, 10.0, 12.0))
SIGNED_AXES = [
    np.diag(signs)[:, list(order)].astype(float)
    for order in permutations(range(3))
    for signs in product((1, -1), repeat=3)
]


def analysed(grid: Geometry) -> Measurement:
    centres = voxel_centres(grid)
    lungs = np.zeros(grid.shape, dtype=np.uint8)
    lungs[RIGHT.on(centres)], lungs[LEFT.on(centres)] = 1, 2
    sick = LARGE_LESION.on(centres) | SMALL_LESION.on(centres)
    hu = np.where(sick, -300, np.where(lungs > 0, -850, 40)).astype(np.int16)
    return measure(Volume(hu, grid), lungs, label_lesions(sick, grid, 30.0))


def assert_true(found: Measurement) -> None:
    right, left = found.lungs
    assert (right.side, left.side) == (Side.RIGHT, Side.LEFT)
    assert right.lung_volume_ml == pytest.approx(RIGHT.volume_ml, rel=0.05)
    assert left.lung_volume_ml == pytest.approx(LEFT.volume_ml, rel=0.05)
    assert right.lesion_volume_ml == pytest.approx(LARGE_LESION.volume_ml, rel=0.05)
    assert left.lesion_volume_ml == pytest.approx(SMALL_LESION.volume_ml, rel=0.05)
    assert found.lesion_count == 2
    first, second = found.lesions
    assert (first.index, first.side, first.zone) == (1, Side.RIGHT, Zone.LOWER)
    assert (second.index, second.side, second.zone) == (2, Side.LEFT, Zone.UPPER)
    assert first.centroid_lps_mm == pytest.approx(LARGE_LESION.centre_mm, abs=1.0)
    assert second.centroid_lps_mm == pytest.approx(SMALL_LESION.centre_mm, abs=1.0)


@pytest.mark.parametrize("axes", SIGNED_AXES[::5])
def test_flipped_and_turned_grids(axes: np.ndarray) -> None:
    assert_true(analysed(geometry(axes, (2.5, 1.6, 2.0), 150.0)))


@settings(max_examples=25, deadline=None)
@given(
    axes=st.sampled_from(SIGNED_AXES),
    turn=st.tuples(*[st.floats(-30, 30)] * 3),
    spacing=st.tuples(st.floats(1.5, 4.0), st.floats(1.4, 2.5), st.floats(1.4, 2.5)),
    tilt=st.floats(-25, 25),
)
def test_oblique_anisotropic_tilted_grids(
    axes: np.ndarray,
    turn: tuple[float, float, float],
    spacing: tuple[float, float, float],
    tilt: float,
) -> None:
    assert_true(analysed(geometry(rotation(turn) @ axes, spacing, 190.0, tilt)))


@settings(max_examples=20, deadline=None)
@given(
    reverse=st.booleans(),
    jitter=st.lists(st.floats(-0.2, 0.2), min_size=40, max_size=40),
    slice_mm=st.floats(1.5, 3.0),
)
def test_uneven_slices(reverse: bool, jitter: list[float], slice_mm: float) -> None:
    axes = np.diag([1.0, 1.0, -1.0 if reverse else 1.0])
    grid = geometry(axes, (slice_mm, 1.7, 1.7), 150.0, jitter=np.array(jitter))
    assert_true(analysed(grid))


def test_figures_that_follow_from_the_volumes() -> None:
    found = analysed(geometry(np.eye(3), (2.0, 1.6, 1.6), 150.0))
    both = found.both_lungs
    assert both.lung_volume_ml == pytest.approx(sum(r.lung_volume_ml for r in found.lungs))
    assert both.lung_volume_ml == pytest.approx(sum(z.lung_volume_ml for z in found.zones))
    assert both.lesion_percent == pytest.approx(100 * both.lesion_volume_ml / both.lung_volume_ml)
    assert both.mean_lesion_hu == pytest.approx(-300)
    share = both.lesion_volume_ml / both.lung_volume_ml
    assert both.mean_lung_hu == pytest.approx(-850 + 550 * share)
    assert [(z.side, z.zone) for z in found.zones] == list(product(Side, Zone))


@pytest.mark.parametrize("axes", SIGNED_AXES[::7])
def test_zones_are_thirds_of_the_height_in_the_patient(axes: np.ndarray) -> None:
    """A cap of a third of an ellipsoid's height holds 7/27 of its volume."""
    found = analysed(geometry(axes, (1.5, 1.5, 1.5), 150.0))
    shares = [z.lung_volume_ml / RIGHT.volume_ml for z in found.zones[:3]]
    assert shares == pytest.approx([7 / 27, 13 / 27, 7 / 27], abs=0.02)


def test_a_gap_in_the_slices_is_not_filled_with_lung() -> None:
    grid = geometry(np.eye(3), (2.0, 1.6, 1.6), 150.0)
    keep = np.ones(grid.shape[0], dtype=bool)
    keep[34:44] = False
    offsets = grid.slice_offsets_mm[keep]
    affine = grid.affine_lps
    holed = Geometry((int(keep.sum()), *grid.shape[1:]), affine, offsets)
    lungs = np.zeros(grid.shape, dtype=np.uint8)
    lungs[RIGHT.on(voxel_centres(grid))] = 1
    empty = np.zeros(holed.shape, dtype=np.uint16)
    volume = Volume(np.zeros(holed.shape, dtype=np.int16), holed)
    found = measure(volume, lungs[keep], empty).lungs[0].lung_volume_ml
    seen = lungs[keep].sum() * 2.0 * 1.6 * 1.6 / 1000
    assert found == pytest.approx(seen, rel=1e-6)


def test_a_lung_without_lesion_and_a_region_without_lung() -> None:
    grid = geometry(np.eye(3), (3.0, 2.0, 2.0), 150.0)
    lungs = RIGHT.on(voxel_centres(grid)).astype(np.uint8)
    volume = Volume(np.full(grid.shape, -850, dtype=np.int16), grid)
    found = measure(volume, lungs, np.zeros(grid.shape, dtype=np.uint16))
    assert found.lungs[0].lesion_percent == 0.0
    assert found.lungs[0].mean_lesion_hu is None
    assert found.lungs[1].lesion_percent is None
    assert (found.lesion_count, found.lesions) == (0, ())
