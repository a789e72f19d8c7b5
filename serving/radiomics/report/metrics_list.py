"""METRICS (Kocak et al., Insights into Imaging 2024;15:8), filled with what the box knows.

The list is a quality score; no score is computed here, since most of it rests on facts about the
study that no software knows.
"""

from __future__ import annotations

from serving.radiomics.report.checklist import Item, Subject, known, partly, unknown


def metrics_list(subject: Subject) -> tuple[Item, ...]:
    """The items 1 to 30 in their order; wording is ours, numbers are the publication's."""
    return (*_study(subject), *_features(subject), *_model(subject), *_open())


def _study(subject: Subject) -> tuple[Item, ...]:
    centres = subject.trained.evaluation.centres
    where = unknown("4", "Several centres")
    if centres is not None:
        where = known("4", "Several centres", f"{centres} in the centre column.")
    return (
        partly("1", "Adherence to guidelines", "This page lists TRIPOD+AI and METRICS items; the "
               "authors must fill the rest."),
        unknown("2-3", "Eligibility; quality of the reference standard"),
        where,
        unknown("5-7", "Source of the images, protocol, interval to the reference standard"),
        unknown("8-10", "Segmentation: how, by whom, and its evaluation"),
    )  # fmt: skip


def _features(subject: Subject) -> tuple[Item, ...]:
    wanted = subject.trained.model.facts.settings.preprocessing
    told = subject.trained.evaluation
    extracted = bool(subject.facts.extraction)
    limit = wanted.highest_correlation
    ours = "Extracted by this box (IBSI); settings below."
    if not extracted:
        image = (unknown("11-13", "Image preprocessing, standardised software, its parameters"),)
    else:
        image = (
            known("11-13", "Image preprocessing, standardised software, its parameters", ours),
        )
    robust = partly("14", "Removal of non-robust features", "Not done: no repeated delineations.")
    if wanted.least_icc is not None:
        robust = known("14", "Removal of non-robust features",
                       f"ICC under {wanted.least_icc:g} left out inside each fold.")  # fmt: skip
    redundant = partly("15", "Removal of redundant features", f"By {wanted.selection} alone.")
    if limit is not None:
        redundant = known("15", "Removal of redundant features",
                          f"Correlation over {limit:g}, then {wanted.selection}.")  # fmt: skip
    size = (
        f"{told.features} features and {subject.counts}; on average "
        f"{told.stability.mean_selected:.1f} selected a fold."
    )
    return (
        *image,
        robust,
        redundant,
        known("16", "Dimensionality against the size of the data", size),
        partly("17", "Robustness of end-to-end networks", "Does not apply: hand-crafted features."),
    )


def _model(subject: Subject) -> tuple[Item, ...]:
    combat = subject.trained.model.facts.settings.preprocessing.combat
    confounders = unknown("19", "Confounding factors")
    if combat:
        confounders = partly("19", "Confounding factors", "ComBat for centres; others unknown.")
    metrics = (
        "Discrimination, calibration and net benefit."
        if subject.binary
        else ("Concordance, calibration and risk groups.")
    )
    return (
        known("18", "Partitioning of the data", f"{subject.folds}."),
        confounders,
        known("20-22", "Metrics, uncertainty, calibration", f"{metrics} Intervals throughout."),
        unknown("23-24", "Comparison with one feature and with non-radiomic approaches"),
        known("25", "Comparison with simple models", "Candidates compete in the inner folds: "
              f"{', '.join(subject.trained.model.facts.settings.models)}."),
        known("26", "Internal testing", "Outer folds; no case judges a model that it trained."),
        partly("27", "External testing", "Not done by this run; Predict applies the stored model "
               "to new cases."),
    )  # fmt: skip


def _open() -> tuple[Item, ...]:
    return (
        unknown("28", "Data available to others"),
        known("29", "Code available", "aibox is Apache-2.0; versions are listed below."),
        partly("30", "Model available", "Stored as plain numbers beside this report; whether it is "
               "shared is for the authors."),
    )  # fmt: skip
