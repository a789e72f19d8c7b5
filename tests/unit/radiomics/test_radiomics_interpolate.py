from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from serving.radiomics.imaging.box import Box
from serving.radiomics.imaging.grid import Grid, grid_of
from serving.radiomics.imaging.image import Image
from serving.radiomics.imaging.interpolate import resample, resample_mask
from serving.radiomics.settings import Interpolation

OBLIQUE = np.array(
    [[0.0, 1.2, 0.0, -7.0], [0.6, 0.0, 0.0, 3.0], [0.0, 0.0, 2.5, 11.0], [0, 0, 0, 1]]
)
SPACINGS = st.tuples(*[st.floats(0.4, 5.0)] * 3)


def image(seed: int = 0, shape: tuple[int, int, int] = (9, 14, 17)) -> Image:
    return Image(np.random.default_rng(seed).normal(size=shape), OBLIQUE)


def positions_mm(grid: Grid, affine: np.ndarray) -> np.ndarray:
    """Patient coordinates of the grid's voxel centres, (voxels, 3)."""
    indices = np.indices(grid.shape).reshape(3, -1)[::-1]
    return (grid.affine_lps(affine)[:3, :3] @ indices).T + grid.affine_lps(affine)[:3, 3]


@given(SPACINGS)
def test_a_grid_has_the_images_centre_and_covers_it_just(spacing: tuple[float, ...]) -> None:
    source = image()
    grid = grid_of(source, Interpolation(spacing_mm=spacing))
    old, new = positions_mm(grid_of(source, None), OBLIQUE), positions_mm(grid, OBLIQUE)
    assert np.allclose(old.mean(axis=0), new.mean(axis=0), atol=1e-9)
    for count, old_count, old_mm, new_mm in zip(
        grid.shape, source.values.shape, source.spacing_mm, spacing, strict=True
    ):
        assert count * new_mm >= old_count * old_mm - 1e-5 * new_mm
        assert (count - 1) * new_mm < old_count * old_mm


def test_a_spacing_that_divides_the_extent_makes_no_voxel_out_of_rounding() -> None:
    source = Image(np.zeros((60, 10, 10)), np.diag([0.1, 0.3, 0.7, 1.0]))
    grid = grid_of(source, Interpolation(spacing_mm=(0.6, 0.2, 0.05)))
    assert grid.shape == (70, 15, 20)


def test_two_spacings_leave_the_slices_alone() -> None:
    source = image()
    grid = grid_of(source, Interpolation(spacing_mm=(0.8, 0.9)))
    assert grid.shape[0] == 9
    assert grid.spacing_mm == pytest.approx((2.5, 0.8, 0.9))
    flat = resample(source.values, grid, 1)
    changed = source.values.copy()
    changed[4] += 100
    assert np.array_equal(np.delete(resample(changed, grid, 1), 4, 0), np.delete(flat, 4, 0))


@pytest.mark.parametrize("order", [0, 1, 3])
@given(spacing=SPACINGS)
@settings(max_examples=20, deadline=None)
def test_a_constant_stays_one(order: int, spacing: tuple[float, ...]) -> None:
    source = Image(np.full((5, 6, 7), -731.0), OBLIQUE)
    values = resample(source.values, grid_of(source, Interpolation(spacing_mm=spacing)), order)
    assert np.allclose(values, -731.0, rtol=1e-13)


@given(spacing=SPACINGS)
@settings(max_examples=30, deadline=None)
def test_a_linear_ramp_stays_one_between_the_outermost_centres(spacing: tuple[float, ...]) -> None:
    slope, source = np.array([1.5, -0.25, 3.0]), image()
    old_grid = grid_of(source, None)
    ramp = (positions_mm(old_grid, OBLIQUE) @ slope).reshape(source.values.shape)
    grid = grid_of(source, Interpolation(spacing_mm=spacing))
    wanted = (positions_mm(grid, OBLIQUE) @ slope).reshape(grid.shape)
    inner = np.ix_(
        *(
            np.flatnonzero((axis.positions >= 0) & (axis.positions <= size - 1))
            for axis, size in zip(grid.axes, ramp.shape, strict=True)
        )
    )
    assert np.allclose(resample(ramp, grid, 1)[inner], wanted[inner], atol=1e-6)


@pytest.mark.parametrize("order", [0, 1, 3])
def test_values_are_those_of_scipys_splines(order: int) -> None:
    source = image(3)
    grid = grid_of(source, Interpolation(spacing_mm=(1.1, 0.83, 0.47)))
    inner = grid.crop(grid.around(Box((2, 7), (2, 12), (2, 15)), 0.5))
    places = np.meshgrid(*(axis.positions for axis in inner.axes), indexing="ij")
    wanted = map_coordinates(source.values, places, order=order, mode="mirror")
    assert np.allclose(resample(source.values, inner, order), wanted, atol=1e-12)


@pytest.mark.parametrize(("order", "allowed"), [(0, 0.0), (1, 0.0), (3, 1e-12)])
def test_a_crop_has_the_values_of_the_whole(order: int, allowed: float) -> None:
    source = image(1, (70, 75, 80))
    grid = grid_of(source, Interpolation(spacing_mm=(1.7, 0.9, 0.8)))
    box = Box((40, 52), (30, 44), (20, 41))
    whole = resample(source.values, grid, order)[box.slices]
    assert np.max(np.abs(resample(source.values, grid.crop(box), order) - whole)) <= allowed


def test_a_voxel_half_in_the_region_is_in_it_whatever_the_rounding() -> None:
    mask = np.zeros((60, 4, 4), dtype=bool)
    mask[21:39] = True
    source = Image(np.zeros(mask.shape), np.diag([1.0, 1.0, 3.0, 1.0]))
    grid = grid_of(source, Interpolation(spacing_mm=(2.0, 1.0, 1.0)))
    share = resample(mask, grid, 1)[:, 0, 0]
    assert np.count_nonzero(share == 0.5) == 2
    assert resample_mask(mask, grid, 1, 0.5)[:, 0, 0].tolist() == (share >= 0.5).tolist()


def test_a_cropped_grid_lies_where_the_whole_one_does() -> None:
    source = image()
    grid = grid_of(source, Interpolation(spacing_mm=(1.0, 1.0, 1.0)))
    box = Box((2, 5), (1, 4), (3, 8))
    whole = positions_mm(grid, OBLIQUE).reshape(*grid.shape, 3)[box.slices]
    assert np.allclose(positions_mm(grid.crop(box), OBLIQUE).reshape(*box.shape, 3), whole)
