"""Cohorts of numbers for `bench-radiomics-lasso`: white noise, and blocks that correlate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PLANTED = 20
BLOCK = 50
"""Features a block; neighbours in it correlate by CORRELATION, as an image's features do."""
CORRELATION = 0.9
KINDS = ("white", "blocks")


def make_cohort(
    samples: int, features: int, seed: int, kind: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Features (samples, features) and a target of 20 of them with noise of half its spread."""
    random = np.random.default_rng(seed)
    table = random.standard_normal((samples, features))
    if kind == "blocks":
        own = np.sqrt(1.0 - CORRELATION**2)
        for column in range(features):
            if column % BLOCK:
                table[:, column] = CORRELATION * table[:, column - 1] + own * table[:, column]
    effect = np.zeros(features)
    planted = random.choice(features, PLANTED, replace=False)
    size = random.normal(size=PLANTED)
    effect[planted] = size + np.sign(size)
    signal = table @ effect
    return table, signal + random.standard_normal(samples) * signal.std() / 2.0
