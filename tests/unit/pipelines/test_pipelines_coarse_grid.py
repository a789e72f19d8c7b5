from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.pipelines.coarse_grid import CoarseGrid


@settings(max_examples=30, deadline=None)
@given(
    shape=st.tuples(*[st.integers(1, 19)] * 3),
    factors=st.tuples(*[st.integers(1, 4)] * 3),
)
def test_block_means_keep_the_mean_and_masks_their_place(
    shape: tuple[int, int, int], factors: tuple[int, int, int]
) -> None:
    grid = CoarseGrid(shape, (1.0, 1.0, 1.0), factors)
    hu = np.random.default_rng(1).integers(-1000, 400, shape).astype(np.int16)
    coarse = grid.reduce(hu, -1024)
    assert coarse.shape == tuple(-(-n // f) for n, f in zip(shape, factors, strict=True))
    first = hu[: factors[0], : factors[1], : factors[2]]
    assert coarse[0, 0, 0] == pytest.approx(first.mean(), abs=0.1)
    full = np.ones(coarse.shape, dtype=bool)
    assert grid.expand(full).all()
    assert not grid.expand(~full).any()
    assert grid.expand(full).shape == shape


def test_padding_counts_as_air() -> None:
    grid = CoarseGrid((1, 2, 2), (1.0, 1.0, 1.0), (1, 2, 2))
    padded = np.array([[[-3024, -3024], [0, 0]]], dtype=np.int16)
    assert grid.reduce(padded, -1024)[0, 0, 0] == -512


def test_a_ball_keeps_its_volume() -> None:
    fine = np.mgrid[:40, :60, :60] - np.array([20, 30, 30]).reshape(3, 1, 1, 1)
    ball = (fine**2).sum(axis=0) <= 15**2
    grid = CoarseGrid(ball.shape, (1.0, 1.0, 1.0), (1, 2, 2))
    coarse = grid.reduce(np.where(ball, 1000, 0).astype(np.int16), -1024) > 500
    assert grid.expand(coarse).sum() == pytest.approx(ball.sum(), rel=0.05)
