"""TRIPOD+AI (Collins et al., BMJ 2024;385:e078378), filled with what the box knows."""

from __future__ import annotations

from serving.radiomics.report.checklist import Item, Subject, known, partly, unknown


def tripod(subject: Subject) -> tuple[Item, ...]:
    """The items 1 to 27 in their order; wording is ours, numbers are the statement's."""
    return (*_before(subject), *_data(subject), *_analysis(subject), *_results(subject))


def _before(subject: Subject) -> tuple[Item, ...]:
    goal = subject.trained.model
    aim = f"development and internal validation of a {goal.kind} model"
    return (
        unknown("1-2", "Title and abstract"),
        unknown("3a-c", "Clinical background, target population, known inequalities"),
        partly("4", "Objective", f"The run is a {aim}; the clinical question is for the authors."),
    )


def _data(subject: Subject) -> tuple[Item, ...]:
    flow = subject.facts.flow
    wanted = subject.trained.model.facts.settings
    outcome = wanted.columns.outcome
    column = outcome.label if outcome.kind == "binary" else f"{outcome.time} and {outcome.event}"
    told = subject.trained.evaluation
    return (
        unknown("5a-b", "Sources and dates of the data"),
        unknown("6a-c", "Setting, eligibility, treatments"),
        known("7", "Preparation of data", f"{wanted.preprocessing.scaling} scaling; see Settings."),
        partly("8a", "Outcome and how it was assessed", f"Column {column}; how it was assessed "
               "is not known to the box."),
        unknown("8b-c", "Who assessed the outcome, and blinded to what"),
        partly("9a-c", "Predictors", f"{told.features} features, "
               + ("extraction settings below" if subject.facts.extraction else "source unknown")
               + "; who drew the regions is not known to the box."),
        partly("10", "Sample size", f"{subject.counts}; a justification is for the authors."),
        known("11", "Missing data", f"{flow.used} of {flow.rows_in} rows used; gaps filled by the "
              f"training cases' {wanted.preprocessing.imputation} inside each fold."),
    )  # fmt: skip


def _analysis(subject: Subject) -> tuple[Item, ...]:
    told = subject.trained.evaluation
    model = subject.trained.model
    candidates = ", ".join(model.facts.settings.models)
    measures = (
        "Area under the ROC curve, sensitivity, specificity, predictive values, Brier score, "
        "calibration, net benefit"
        if subject.binary
        else "Concordance, calibration at one time, Kaplan-Meier curves of risk groups"
    )
    clusters = (
        "groups are never split and intervals resample groups"
        if told.groups is not None
        else "cases are treated as independent; no group column was given"
    )
    called = f"from {model.threshold:.4g} on, fixed by inner folds (Youden)"
    if not subject.binary:
        called = f"from {model.threshold:.4g} on, the median of inner folds"
    return (
        known("12a", "How the data were used", f"{subject.folds}."),
        known("12b-c", "Handling of predictors, building, internal validation",
              f"All steps fitted inside folds; candidates {candidates}; "
              f"chosen for all cases: {model.facts.chosen}."),
        partly("12d", "Heterogeneity between clusters", f"{clusters[0].upper()}{clusters[1:]}."),
        known("12e", "Measures of performance", f"{measures}."),
        known("12f-g", "Updating; how predictions were made for the evaluation",
              "No updating; each case is predicted by models that did not see it."),
        partly("13", "Class imbalance", f"{subject.counts}; folds are balanced, nothing is "
               "resampled or reweighted."),
        unknown("14", "Fairness"),
        known("15", "Output of the model",
              f"{'Probability' if subject.binary else 'Log partial hazard'}; "
              f"called {model.classes[1]} {called}."),
        partly("16", "Training against evaluation data", "Same cohort: internal validation alone."),
        unknown("17-19", "Ethics, funding, interests, protocol, registration, patient involvement"),
    )  # fmt: skip


def _results(subject: Subject) -> tuple[Item, ...]:
    flow, told = subject.facts.flow, subject.trained.evaluation
    return (
        partly("20a-c", "Participants", f"{flow.rows_in} rows in, {flow.used} used (see Cohort); "
               "characteristics are not known to the box."),
        known("21", "Cases and events in the analysis", f"{subject.counts}."),
        known("22", "The full model", "Stored beside this report (predictor.json), and its "
              "coefficients below where it has any."),
        known("23a", "Performance with intervals", f"See Performance; {told.confidence:.0%} "
              "intervals."),
        partly("23b", "Heterogeneity of performance", "Fold by fold below; not by subgroup."),
        unknown("24", "Updated models"),
        unknown("25-27", "Interpretation, limitations, use in current care"),
    )  # fmt: skip
