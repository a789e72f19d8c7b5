"""A trained model: everything from a table of features to a prediction, as plain arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from serving.domain.volume import Float64
from serving.radiomics.modelling.feature_table import Words
from serving.radiomics.modelling.predictors import Predictor
from serving.radiomics.modelling.settings import TrainingSettings
from serving.radiomics.modelling.steps import Step, apply_steps


class ModelFacts(BaseModel):
    """Where a model comes from; goes with it wherever it is stored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: TrainingSettings
    settings_digest: str
    table_digest: str
    """SHA-256 of the names, values and outcomes that it was trained on."""
    chosen: str
    """The model and hyper-parameters that the folds preferred."""
    cases: int
    versions: dict[str, str]
    """Of this software and the packages that did the fitting."""
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """`features` are the columns it takes, `inputs` what its steps make of them."""

    features: tuple[str, ...]
    steps: tuple[Step, ...]
    inputs: tuple[str, ...]
    predictor: Predictor
    threshold: float
    """Score from which on a case is called positive (high risk)."""
    kind: Literal["binary", "survival"]
    classes: tuple[str, str]
    """(negative, positive), or (low risk, high risk)."""
    facts: ModelFacts

    def score(self, x: Float64, centres: Words | None = None) -> Float64:
        """Probability of the positive class, or log partial hazard, (cases,).

        `x` is (cases, features) in the order of `features`; NaN where a value is missing. Raises
        InvalidRequest for centres that a harmonised model does not know.
        """
        return self.predictor.score(apply_steps(self.steps, x, centres))
