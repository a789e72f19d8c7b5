"""Chooses features of great relevance and little redundancy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64
from serving.radiomics.modelling.outcome import Binary
from serving.radiomics.selection.mrmr import Mrmr


def choose_by_mrmr(x: Float64, outcome: Binary, most: int) -> NDArray[np.int64]:
    """The columns of `x` that mRMR ranks first, at most `most`, ascending."""
    chosen = Mrmr(most).fit(x, outcome.positive.astype(np.int64))
    return np.asarray(chosen.get_support(indices=True))
