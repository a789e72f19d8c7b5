"""Principal components against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from serving.radiomics.modelling.projection import fit_pca, principal_components


@pytest.mark.parametrize("shape", [(30, 90), (90, 30), (40, 40)])
@pytest.mark.parametrize("components", [None, 5])
def test_components_are_scikit_learns(shape: tuple[int, int], components: int | None) -> None:
    random = np.random.default_rng(3)
    x = random.standard_normal(shape) @ np.diag(np.geomspace(10.0, 0.5, shape[1])) + 7.0
    own = principal_components(x, components, 0.9)
    other = PCA(components or 0.9, svd_solver="full").fit(x)
    assert own.directions.shape == other.components_.shape
    np.testing.assert_allclose(own.mean, other.mean_)
    np.testing.assert_allclose(own.directions, other.components_, atol=1e-9)
    np.testing.assert_allclose(own.variance, other.explained_variance_, rtol=1e-10)


def test_components_of_hardly_any_variance_keep_their_digits() -> None:
    random = np.random.default_rng(4)
    x = random.standard_normal((50, 4)) @ np.diag([1.0, 1e-2, 1e-4, 1e-6])
    own = principal_components(x, 4, 1.0)
    other = PCA(4, svd_solver="full").fit(x)
    np.testing.assert_allclose(own.directions, other.components_, atol=1e-9)
    np.testing.assert_allclose(own.variance, other.explained_variance_, rtol=1e-9)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_features_that_never_vary_are_scaled_by_one() -> None:
    _, scale = fit_pca(np.full((6, 3), 2.5), None, 0.95)
    np.testing.assert_array_equal(scale.scale, np.ones(len(scale.scale)))
