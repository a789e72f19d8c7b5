"""How a model is trained and judged; one immutable record that the stored model carries."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

BinaryModel = Literal[
    "lasso_logistic", "elastic_net_logistic", "svm", "random_forest", "gradient_boosting"
]
ModelName = BinaryModel | Literal["cox"]
Share = Annotated[float, Field(gt=0, le=1)]
Folds = Annotated[int, Field(ge=2, le=20)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BinaryOutcome(_Settings):
    """A column with two values."""

    kind: Literal["binary"] = "binary"
    label: str = "label"
    positive: str | None = None
    """The value that counts as the event; None: the greater of two numbers, 1 of 0 and 1, or the
    later of two words."""


class SurvivalOutcome(_Settings):
    """Time to event or to the end of follow-up, and which of the two it was (1: event)."""

    kind: Literal["survival"] = "survival"
    time: str = "time"
    event: str = "event"
    calibration_time: Annotated[float, Field(gt=0)] | None = None
    """In the time column's unit; None: the median time of the events."""


class Columns(_Settings):
    """Which columns of a table mean what; every other numeric column is a feature."""

    outcome: Annotated[BinaryOutcome | SurvivalOutcome, Field(discriminator="kind")] = (
        BinaryOutcome()
    )
    case_id: str = "case_id"
    group: str | None = "group"
    """Rows of one group (a patient, as a rule) never come into two folds; used where it exists."""
    centre: str | None = "centre"
    roi: str = "roi"
    repeat: str = "repeat"
    """Tells delineations of one region apart: the first row is the case, the others serve the ICC
    filter alone."""
    clinical: tuple[str, ...] = ()
    """Numeric columns of the manifest that count as features too, such as an age."""
    ignored: tuple[str, ...] = ()
    """Columns that are no features; `*` stands for any characters."""


class Preprocessing(_Settings):
    """Every step is fitted on the training part of a fold alone, in the order given here."""

    most_missing: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """A feature missing in a greater share of training cases is left out."""
    imputation: Literal["median", "mean"] = "median"
    combat: bool = False
    """Harmonises centres (Johnson et al. 2007); needs a centre column."""
    least_icc: Share | None = None
    """Features less reliable between delineations are left out; needs repeated rows."""
    least_variance: Annotated[float, Field(ge=0)] = 0.0
    """On the features' own scale; 0 leaves out constants alone."""
    scaling: Literal["standard", "robust", "none"] = "standard"
    highest_correlation: Share | None = 0.95
    """Of each pair with a greater absolute Pearson correlation the later feature is left out."""
    selection: Literal["lasso_cv", "pca", "lasso_cv_pca", "mrmr", "none"] = "lasso_cv"
    features: Annotated[int, Field(ge=1, le=1000)] | None = None
    """At most so many: the greatest coefficients of LassoCV, components of PCA, ranks of mRMR
    (10 where none is given)."""
    explained_variance: Share = 0.95
    """How many components PCA keeps where `features` does not say."""


class TrainingSettings(_Settings):
    """Everything that a trained model and its evaluation depend on, beside the table."""

    columns: Columns = Columns()
    preprocessing: Preprocessing = Preprocessing()
    models: Annotated[tuple[ModelName, ...], Field(min_length=1)] = (
        "lasso_logistic",
        "elastic_net_logistic",
        "svm",
        "random_forest",
    )
    """Candidates; the inner folds choose. `cox` alone for time-to-event."""
    search: Literal["quick", "usual"] = "usual"
    """How many hyper-parameters of each model the inner folds try."""
    outer_folds: Folds = 5
    inner_folds: Folds = 5
    lasso_folds: Folds = 10
    repeats: Annotated[int, Field(ge=1, le=100)] = 1
    """Of the outer folds, each with a shuffle of its own."""
    trees: Annotated[int, Field(ge=1, le=2000)] = 200
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 2026
    bootstraps: Annotated[int, Field(ge=100, le=100_000)] = 2000
    permutations: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Of the outcome, each a whole nested cross-validation; 0: no permutation test."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    max_threads: Annotated[int, Field(ge=1, le=256)] = 1
    """Outer folds and permutations that run at a time, one thread each."""

    @model_validator(mode="after")
    def _models_fit_the_outcome(self) -> TrainingSettings:
        survival = self.columns.outcome.kind == "survival"
        if survival and set(self.models) != {"cox"}:
            raise ValueError("a time-to-event outcome takes the model cox alone")
        if not survival and "cox" in self.models:
            raise ValueError("the model cox takes a time-to-event outcome")
        if survival and self.preprocessing.selection == "mrmr":
            raise ValueError("mrmr ranks features for two classes, not for time-to-event")
        return self

    @property
    def digest(self) -> str:
        """SHA-256 of what results depend on (threads are left out), hex."""
        body = self.model_dump_json(exclude={"max_threads"})
        return hashlib.sha256(body.encode()).hexdigest()
