"""Fits ComBat and keeps it as a slope and an offset for each centre and feature."""

from __future__ import annotations

import numpy as np

from serving.domain.errors import InvalidRequest
from serving.domain.volume import Float64
from serving.radiomics.modelling.feature_table import Words
from serving.radiomics.modelling.steps import Harmonise
from serving.radiomics.selection.combat import Combat


def fit_harmonise(x: Float64, centres: Words | None) -> Harmonise:
    """ComBat (Johnson et al. 2007) without covariates on `x` (cases, features).

    Raises InvalidRequest without centres, or where one has fewer than two training cases.
    """
    if centres is None:
        raise InvalidRequest("ComBat needs a centre column, and the table has none")
    names, numbers = np.unique(centres, return_inverse=True)
    fitted = Combat().fit(np.column_stack([x, numbers]))
    slope = 1 / fitted.spread_
    offset = fitted.mean_ * (1 - slope) - fitted.shift_ * fitted.scale_ * slope
    return Harmonise(tuple(map(str, names)), slope, offset)
