"""What is known of a model's performance on cases that it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter

from serving.radiomics.modelling.calibration import Calibration
from serving.radiomics.modelling.decision_curve import DecisionCurve
from serving.radiomics.modelling.interval import Interval
from serving.radiomics.modelling.permutation import PermutationTest
from serving.radiomics.modelling.roc import RocCurve
from serving.radiomics.modelling.stability import Stability
from serving.radiomics.modelling.survival_curves import SurvivalBin, SurvivalCurve


@dataclass(frozen=True, slots=True)
class FoldSummary:
    """One outer fold: its size, the model chosen without it, and how that did on it.

    `rank_score`: area under the ROC curve or concordance; None where it is not defined.
    """

    repeat: int
    cases: int
    model: str
    threshold: float
    features: tuple[str, ...]
    rank_score: float | None


@dataclass(frozen=True, slots=True)
class BinaryPerformance:
    """Of two classes, all out of fold; figures are means over repeats.

    `auc_delong`: DeLong's interval, Obuchowski's where there are groups. The other intervals are
    percentile bootstraps of cases, or of groups where there are. Sensitivity and the like hold at
    thresholds that were fixed on training cases.
    """

    positives: int
    names: tuple[str, str]
    auc_delong: Interval
    auc_bootstrap: Interval
    auc_by_repeat: tuple[float, ...]
    accuracy: Interval
    sensitivity: Interval
    specificity: Interval
    positive_predictive_value: Interval | None
    """None where no case was called so."""
    negative_predictive_value: Interval | None
    brier: Interval
    brier_of_prevalence: float
    """What predicting the share of positives for every case would score."""
    roc: RocCurve
    calibration: Calibration
    decision: DecisionCurve


@dataclass(frozen=True, slots=True)
class SurvivalPerformance:
    """Of time to event, all out of fold; figures are means over repeats."""

    events: int
    concordance: Interval
    concordance_by_repeat: tuple[float, ...]
    horizon: float
    """The time, in the table's unit, at which predicted survival is compared with observed."""
    calibration: tuple[SurvivalBin, ...]
    curves: tuple[SurvivalCurve, ...]
    """Kaplan-Meier's, of low and high risk as called at thresholds of the training folds."""
    logrank_p: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A whole nested cross-validation, summed up; exactly one of the performances is there."""

    cases: int
    groups: int | None
    centres: int | None
    features: int
    outer_folds: int
    inner_folds: int
    repeats: int
    confidence: float
    binary: BinaryPerformance | None
    survival: SurvivalPerformance | None
    folds: tuple[FoldSummary, ...]
    stability: Stability
    permutation: PermutationTest | None
    notices: tuple[str, ...]
    seconds: float

    def to_json(self) -> str:
        """As JSON, indented."""
        return TypeAdapter(Evaluation).dump_json(self, indent=1).decode()

    @staticmethod
    def from_json(text: str | bytes) -> Evaluation:
        """What `to_json` wrote."""
        return TypeAdapter(Evaluation).validate_json(text)
