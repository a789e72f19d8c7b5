"""Applies a trained model to new cases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serving.domain.errors import InvalidRequest
from serving.domain.volume import Float64
from serving.radiomics.modelling.feature_table import FeatureTable
from serving.radiomics.modelling.trained_model import TrainedModel

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Prediction:
    """Of one case: `score` is a probability, or for Cox the log partial hazard."""

    case_id: str
    score: float
    called: str
    """The class, or the risk group, by the model's threshold."""
    missing: int
    """Features without a value, which were filled by those of the training cases."""


def predict(model: TrainedModel, table: FeatureTable) -> tuple[Prediction, ...]:
    """A prediction for each row of `table`, whose columns may come in any order.

    Columns that the model does not know are left alone. Raises InvalidRequest where one that it
    needs is missing.
    """
    values = features_in_order(model, table)
    scores = model.score(values, table.centres)
    gaps = np.isnan(values).sum(axis=1)
    rows = zip(table.case_ids, scores, gaps, strict=True)
    return tuple(
        Prediction(case, float(score), model.classes[int(score >= model.threshold)], int(gap))
        for case, score, gap in rows
    )


def features_in_order(model: TrainedModel, table: FeatureTable) -> Float64:
    """(cases, features of the model). Raises InvalidRequest naming columns that are missing."""
    place = {name: column for column, name in enumerate(table.names)}
    missing = [name for name in model.features if name not in place]
    if missing:
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise InvalidRequest(
            f"the table lacks {len(missing)} of the model's {len(model.features)} features: "
            f"{', '.join(missing[:_NAMED])}{more}; extract with the settings of the training"
        )
    return table.values[:, [place[name] for name in model.features]]
