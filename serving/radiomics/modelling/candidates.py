"""Models with the hyper-parameters that the inner folds choose among."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from serving.radiomics.modelling.settings import ModelName, TrainingSettings

_QUICK: dict[ModelName, dict[str, tuple[float, ...]]] = {
    "lasso_logistic": {"C": (0.1, 1.0)},
    "elastic_net_logistic": {"C": (0.1, 1.0), "l1_ratio": (0.5,)},
    "svm": {"C": (1.0,), "gamma_scale": (1.0,)},
    "random_forest": {"min_samples_leaf": (3,)},
    "gradient_boosting": {"max_depth": (2,), "learning_rate": (0.1,)},
    "cox": {"penalizer": (0.1,)},
}
_USUAL: dict[ModelName, dict[str, tuple[float, ...]]] = {
    "lasso_logistic": {"C": (0.03, 0.1, 0.3, 1.0, 3.0)},
    "elastic_net_logistic": {"C": (0.03, 0.1, 0.3, 1.0, 3.0), "l1_ratio": (0.2, 0.5)},
    "svm": {"C": (0.3, 1.0, 3.0, 10.0), "gamma_scale": (0.3, 1.0)},
    "random_forest": {"min_samples_leaf": (1, 3, 5)},
    "gradient_boosting": {"max_depth": (1, 2, 3), "learning_rate": (0.05,)},
    "cox": {"penalizer": (0.01, 0.03, 0.1, 0.3, 1.0)},
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model and its hyper-parameters by scikit-learn's (for Cox lifelines') names.

    `gamma_scale` multiplies the kernel width that scikit-learn's `gamma="scale"` would give.
    """

    model: ModelName
    parameters: tuple[tuple[str, float], ...]

    def __str__(self) -> str:
        return f"{self.model} ({', '.join(f'{name} {value:g}' for name, value in self.parameters)})"

    def __getitem__(self, name: str) -> float:
        return dict(self.parameters)[name]


def candidates(settings: TrainingSettings) -> tuple[Candidate, ...]:
    """All candidates, the simplest of each model first: ties go to the earlier one."""
    grids = _QUICK if settings.search == "quick" else _USUAL
    found: list[Candidate] = []
    for model in settings.models:
        grid = grids[model]
        for values in product(*grid.values()):
            found.append(Candidate(model, tuple(zip(grid, values, strict=True))))
    return tuple(found)
