from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from chest_grids import geometry, rotation, voxel_centres
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.pipelines.orientation import Orientation

SIGNED_AXES = [
    np.diag(signs)[:, list(order)].astype(float)
    for order in permutations(range(3))
    for signs in product((1, -1), repeat=3)
]


def grid_of(axes: np.ndarray, turn_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)):
    return geometry(rotation(turn_deg) @ axes, (3.0, 1.5, 2.0), 18.0)


@pytest.mark.parametrize("axes", SIGNED_AXES)
def test_every_signed_orientation_becomes_canonical(axes: np.ndarray) -> None:
    grid = grid_of(axes)
    x, y, z = np.moveaxis(voxel_centres(grid), -1, 0)
    orientation = Orientation.of(grid)
    assert (np.diff(orientation.to_canonical(z), axis=0) > 0).all()
    assert (np.diff(orientation.to_canonical(y), axis=1) > 0).all()
    assert (np.diff(orientation.to_canonical(x), axis=2) > 0).all()
    steps = [np.diff(orientation.to_canonical(a), axis=i).mean() for i, a in enumerate((z, y, x))]
    assert orientation.spacing_mm == pytest.approx(steps)


@settings(max_examples=40, deadline=None)
@given(
    axes=st.sampled_from(SIGNED_AXES),
    turn=st.tuples(*[st.floats(-20, 20)] * 3),
)
def test_masks_come_back_to_the_voxels_they_left(
    axes: np.ndarray, turn: tuple[float, float, float]
) -> None:
    grid = grid_of(axes, turn)
    orientation = Orientation.of(grid)
    source = np.arange(np.prod(grid.shape)).reshape(grid.shape)
    canonical = orientation.to_canonical(source)
    assert (orientation.to_source(canonical) == source).all()
    x, y, z = np.moveaxis(voxel_centres(grid), -1, 0)
    for axis, coordinate in enumerate((z, y, x)):
        assert (np.diff(orientation.to_canonical(coordinate), axis=axis) > 0).all()
