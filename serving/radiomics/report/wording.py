"""Figures as the page shows them."""

from __future__ import annotations

from serving.radiomics.modelling.interval import Interval
from serving.radiomics.modelling.settings import TrainingSettings

_FAR = 10.0
_SELECTIONS = {
    "lasso_cv": "LassoCV",
    "pca": "principal components",
    "lasso_cv_pca": "LassoCV, then principal components",
    "mrmr": "mRMR",
    "none": "none",
}


def figure(value: float | None) -> str:
    """Three decimals; a dash for nothing."""
    return "–" if value is None else f"{value:.3f}"


def interval(found: Interval | None) -> str:
    """The two ends."""
    return "–" if found is None else f"{_end(found.low)} to {_end(found.high)}"


def p_value(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def settings_rows(settings: TrainingSettings) -> tuple[tuple[str, str], ...]:
    """What a reader needs to do the training again, a name and a value each."""
    steps = settings.preprocessing
    most = f", at most {steps.features}" if steps.features else ""
    return (
        ("Candidates", f"{', '.join(settings.models)} ({settings.search} search)"),
        ("Outer folds", f"{settings.outer_folds}, repeated {settings.repeats}x"),
        ("Inner folds", str(settings.inner_folds)),
        ("Features missing in more than", f"{steps.most_missing:.0%} of training cases: left out"),
        ("Imputation", steps.imputation),
        ("Harmonisation of centres", "ComBat" if steps.combat else "none"),
        ("Reliability (ICC) at least", _asked(steps.least_icc)),
        ("Variance greater than", f"{steps.least_variance:g}"),
        ("Scaling", steps.scaling),
        ("Correlation at most", _asked(steps.highest_correlation)),
        ("Selection", _SELECTIONS[steps.selection] + most),
        ("Folds of LassoCV", str(settings.lasso_folds)),
        ("Bootstraps", str(settings.bootstraps)),
        ("Permutations", str(settings.permutations)),
        ("Seed", str(settings.seed)),
        ("Settings digest", settings.digest),
    )  # fmt: skip


def _end(value: float) -> str:
    """A slope has no bound where a resample separates the classes."""
    return f"over {_FAR:g}" if value > _FAR else f"{value:.3f}"


def _asked(value: float | None) -> str:
    return "not asked" if value is None else f"{value:g}"
