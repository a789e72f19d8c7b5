"""A model that is linear all through, as one weighted sum of its raw features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from serving.domain.volume import Float64
from serving.radiomics.modelling.predictors import Cox, Logistic
from serving.radiomics.modelling.steps import FillMissing, Project, Standardise
from serving.radiomics.modelling.trained_model import TrainedModel


@dataclass(frozen=True, slots=True)
class LinearForm:
    """sum((x - fill) * weights) + intercept, a missing x counting as `fill`; all (features,).

    `link`: "logistic" makes a probability of it, "identity" leaves the log partial hazard.
    """

    fill: Float64
    weights: Float64
    intercept: float
    link: Literal["logistic", "identity"]


def linear_form(model: TrainedModel) -> LinearForm | None:
    """The model as one sum; None where it is not linear, or depends on the centre (ComBat).

    Measured from the fill values (training medians or means), so that single precision does not
    cancel features that are large and vary little; a missing value then adds nothing.
    """
    predictor = model.predictor
    if not isinstance(predictor, Logistic | Cox) or not model.steps or not model.features:
        return None
    first, *later = model.steps
    if not isinstance(first, FillMissing):
        return None
    matrix, place = np.eye(len(model.features)), first.values
    for step in later:
        if isinstance(step, Standardise):
            matrix, place = matrix / step.scale, (place - step.centre) / step.scale
        elif isinstance(step, Project):
            matrix, place = matrix @ step.components.T, (place - step.mean) @ step.components.T
        else:
            return None
    constant = predictor.intercept if isinstance(predictor, Logistic) else predictor.offset
    return LinearForm(
        fill=first.values,
        weights=np.asarray(matrix @ predictor.weights),
        intercept=float(place @ predictor.weights) + constant,
        link="logistic" if isinstance(predictor, Logistic) else "identity",
    )
