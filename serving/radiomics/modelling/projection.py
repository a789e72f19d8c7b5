"""Fits principal components."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA

from serving.domain.volume import Float64
from serving.radiomics.modelling.steps import Project, Standardise


def fit_pca(x: Float64, components: int | None, explained: float) -> tuple[Project, Standardise]:
    """Components of `x` (cases, features), each brought to unit variance.

    At most `components` of them, or as many as explain the share `explained` of the variance.
    """
    most = min(x.shape[0] - 1, x.shape[1])
    fitted = PCA(n_components=most, svd_solver="full").fit(x)
    enough = int(np.searchsorted(np.cumsum(fitted.explained_variance_ratio_), explained)) + 1
    count = max(1, min(components or enough, most))
    spread = np.sqrt(fitted.explained_variance_[:count])
    project = Project(np.array(fitted.mean_), np.array(fitted.components_[:count]))
    return project, Standardise(np.zeros(count), np.where(spread > 0, spread, 1.0))
