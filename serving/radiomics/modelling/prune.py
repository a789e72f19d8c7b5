"""Cuts a fitted chain down to the features that reach the model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.radiomics.modelling.chain import Chain
from serving.radiomics.modelling.steps import (
    FillMissing,
    Harmonise,
    Keep,
    Project,
    Standardise,
    Step,
)


def pruned_steps(chain: Chain, features: int) -> tuple[Step, ...]:
    """Steps that take the columns `chain.sources` alone and do the same to the bit.

    `features` is the number of columns that the chain takes. What comes before the projection
    treats each column by itself, so the columns that are dropped later need not come in.
    """
    left: NDArray[np.int64] = np.arange(features)
    steps: list[Step] = []
    projected = False
    for step in chain.steps:
        if isinstance(step, Project):
            projected = True
        if isinstance(step, Keep):
            left = left[step.columns]
        elif projected:
            steps.append(step)
        else:
            steps.append(_part(step, np.flatnonzero(np.isin(left, chain.sources))))
    return tuple(steps)


def _part(step: Step, columns: NDArray[np.intp]) -> Step:
    if isinstance(step, FillMissing):
        return FillMissing(step.values[columns])
    if isinstance(step, Standardise):
        return Standardise(step.centre[columns], step.scale[columns])
    if isinstance(step, Harmonise):
        return Harmonise(step.names, step.slope[:, columns], step.offset[:, columns])
    return step
