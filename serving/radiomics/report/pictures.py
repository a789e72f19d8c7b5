"""Which plots a training has."""

from __future__ import annotations

from dataclasses import dataclass

from serving.radiomics.modelling.evaluation import Evaluation
from serving.radiomics.modelling.settings import TrainingSettings
from serving.radiomics.modelling.train import Trained
from serving.radiomics.report.binary_plots import calibration_plot, decision_plot, roc_plot
from serving.radiomics.report.drawing import uri
from serving.radiomics.report.selection_plots import (
    coefficient_plot,
    frequency_plot,
    path_plot,
    permutation_plot,
)
from serving.radiomics.report.survival_plots import risk_plot, survival_calibration_plot
from serving.radiomics.report.wording import interval


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot as a URI, with what a reader who cannot see it is told, and a caption."""

    uri: str
    alt: str
    caption: str


def performance_pictures(evaluation: Evaluation, settings: TrainingSettings) -> tuple[Picture, ...]:
    """How good the model is on cases that it did not see."""
    if evaluation.binary is not None:
        return _of_binary(evaluation)
    return _of_survival(evaluation, settings)


def selection_pictures(trained: Trained) -> tuple[Picture, ...]:
    """What was selected and how."""
    return (*_frequencies(trained.evaluation), *_coefficients(trained), *_path(trained))


def permutation_picture(evaluation: Evaluation) -> Picture | None:
    """None where there was no permutation test."""
    test = evaluation.permutation
    if test is None:
        return None
    score = "area under the curve" if evaluation.binary is not None else "concordance"
    caption = f"Scores of {len(test.permuted)} cross-validations on permuted outcomes."
    return Picture(uri(permutation_plot(test, score)), caption, caption)


def _of_binary(evaluation: Evaluation) -> tuple[Picture, ...]:
    found = evaluation.binary
    if found is None:
        return ()
    level = f"{evaluation.confidence:.0%}"
    area = found.auc_delong
    bins = found.calibration.bins
    return (
        Picture(
            uri(roc_plot(found.roc, f"AUC {area.value:.3f} ({interval(area)})")),
            f"ROC curve; area {area.value:.3f}, {level} interval {interval(area)}",
            f"ROC curve, out of fold, with its pointwise {level} bootstrap band.",
        ),
        Picture(
            uri(calibration_plot(found.calibration, found.names[1])),
            "Calibration: observed shares over predicted probabilities",
            f"Calibration in {len(bins)} groups of about {bins[0].cases} cases, with {level} "
            "intervals (Wilson).",
        ),
        Picture(
            uri(decision_plot(found.decision)),
            "Decision curve: net benefit over threshold probability",
            "Decision curve: the model is of use where its line is above both others.",
        ),
    )


def _of_survival(evaluation: Evaluation, settings: TrainingSettings) -> tuple[Picture, ...]:
    found = evaluation.survival
    if found is None:
        return ()
    outcome = settings.columns.outcome
    time = f"{outcome.time} (unit of the table)" if outcome.kind == "survival" else "time"
    pictures = [
        Picture(
            uri(risk_plot(found.curves, time)),
            "Kaplan-Meier curves of low and high risk",
            "Kaplan-Meier curves by risk as called out of fold (first repeat), with "
            f"{evaluation.confidence:.0%} intervals.",
        )
    ]
    if found.calibration:
        pictures.append(
            Picture(
                uri(survival_calibration_plot(found.calibration, found.horizon)),
                f"Calibration of survival at {found.horizon:.4g}",
                f"Calibration at {found.horizon:.4g}: Kaplan-Meier's curve in groups of "
                f"about {found.calibration[0].cases} cases.",
            )
        )
    return tuple(pictures)


def _frequencies(evaluation: Evaluation) -> tuple[Picture, ...]:
    found = evaluation.stability
    if not found.frequencies:
        return ()
    caption = f"How often each feature was selected in {found.fits} training folds."
    return (Picture(uri(frequency_plot(found.frequencies)), caption, caption),)


def _coefficients(trained: Trained) -> tuple[Picture, ...]:
    if not any(each.value for each in trained.final.coefficients):
        return ()
    odds = "log odds" if trained.model.kind == "binary" else "log hazard"
    label = f"{odds} per standard deviation"
    return (
        Picture(
            uri(coefficient_plot(trained.final.coefficients, label)),
            "Coefficients of the final model",
            "Coefficients of the final model on all cases, features scaled. Shrunken by the "
            "penalty: no intervals are given, and none would be valid after selection.",
        ),
    )


def _path(trained: Trained) -> tuple[Picture, ...]:
    final = trained.final
    if final.alpha is None:
        return ()
    return (
        Picture(
            uri(path_plot(final.path, final.alpha)),
            f"LassoCV chose the penalty {final.alpha:.3g}",
            "LassoCV on all cases: mean squared error over its folds by penalty.",
        ),
    )
