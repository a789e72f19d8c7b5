"""Gradients from tiles are the products that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from serving.radiomics.selection.lasso_gradients import WIDTH, in_tiles, pulls


@pytest.mark.parametrize("features", [1, WIDTH - 1, WIDTH, WIDTH + 1, 3 * WIDTH + 7])
@pytest.mark.parametrize("samples", [1, 4, 7, 50])
def test_pulls_are_products_of_residuals_and_features(samples: int, features: int) -> None:
    rng = np.random.default_rng(samples * features)
    rows = rng.standard_normal((samples, features))
    left = rng.standard_normal((3, samples))
    left[1, : samples // 2] = 0.0
    found = pulls(left, in_tiles(rows), features)
    np.testing.assert_allclose(found, left @ rows, rtol=0, atol=1e-12 * samples)


def test_tiles_hold_every_feature_once_and_zeros_after_the_last() -> None:
    rows = np.arange(1.0, 2 * (WIDTH + 3) + 1).reshape(2, WIDTH + 3)
    tiles = in_tiles(rows)
    assert tiles.shape == (2, 2, WIDTH)
    assert np.array_equal(np.concatenate(list(tiles), axis=1)[:, : WIDTH + 3], rows)
    assert not tiles[1, :, 3:].any()
