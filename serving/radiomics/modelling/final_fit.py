"""What a report shows of the final model: its coefficients and how LassoCV chose."""

from __future__ import annotations

from dataclasses import dataclass

from serving.radiomics.modelling.inner import Fitted
from serving.radiomics.modelling.predictors import Cox, Logistic


@dataclass(frozen=True, slots=True)
class Coefficient:
    """Of one input of the model, after scaling: log odds or log hazard for a standard deviation."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class PathPoint:
    """Mean squared error of LassoCV at one penalty, mean and standard error over its folds."""

    alpha: float
    error: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class FinalFit:
    """The refit on all cases. `coefficients` is empty where the model has none (trees, SVM)."""

    model: str
    inner_score: float
    features: tuple[str, ...]
    coefficients: tuple[Coefficient, ...]
    path: tuple[PathPoint, ...]
    alpha: float | None


def final_fit(fitted: Fitted, features: tuple[str, ...]) -> FinalFit:
    """Sums up a fit to all cases; `features` are those that reach the model."""
    coefficients: tuple[Coefficient, ...] = ()
    if isinstance(fitted.predictor, Logistic | Cox):
        pairs = zip(fitted.chain.outputs, fitted.predictor.weights, strict=True)
        found = [Coefficient(name, float(value)) for name, value in pairs]
        coefficients = tuple(sorted(found, key=lambda each: -abs(each.value)))
    path = fitted.chain.path
    points: tuple[PathPoint, ...] = ()
    if path is not None:
        lines = zip(path.alphas, path.error_mean, path.error_sd, strict=True)
        root = path.folds**0.5
        points = tuple(PathPoint(float(a), float(m), float(s) / root) for a, m, s in lines)
    return FinalFit(
        model=str(fitted.candidate),
        inner_score=fitted.inner_score,
        features=features,
        coefficients=coefficients,
        path=points,
        alpha=None if path is None else path.alpha,
    )
