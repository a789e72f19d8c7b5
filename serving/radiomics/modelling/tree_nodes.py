"""Trees of scikit-learn's ensembles as arrays of nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from scipy.special import logit

from serving.domain.volume import Float64
from serving.radiomics.modelling.predictors import Trees


def trees_of_forest(forest: Any) -> Trees:
    """A fitted RandomForestClassifier of two classes: leaves hold the share of the positive."""
    return _joined([each.tree_ for each in forest.estimators_], _share, "mean", 0.0)


def trees_of_boosting(boosting: Any) -> Trees:
    """A fitted GradientBoostingClassifier of two classes: leaves hold steps of the logit."""
    rate = float(boosting.learning_rate)
    prior = float(boosting.init_.class_prior_[1])

    def step(tree: Any) -> Float64:
        return np.asarray(rate * tree.value[:, 0, 0])

    return _joined(
        [row[0].tree_ for row in boosting.estimators_], step, "logit", float(logit(prior))
    )


def _share(tree: Any) -> Float64:
    counts = tree.value[:, 0, :]
    return np.asarray(counts[:, 1] / counts.sum(axis=1))


def _joined(
    trees: Sequence[Any],
    leaf_value: Callable[[Any], Float64],
    combine: Literal["mean", "logit"],
    base: float,
) -> Trees:
    starts = np.cumsum([0, *(tree.node_count for tree in trees)])
    return Trees(
        roots=starts[:-1].astype(np.int32),
        left=_children([tree.children_left for tree in trees], starts),
        right=_children([tree.children_right for tree in trees], starts),
        feature=np.concatenate([tree.feature for tree in trees]).astype(np.int32),
        threshold=np.concatenate([tree.threshold for tree in trees]).astype(np.float64),
        value=np.concatenate([leaf_value(tree) for tree in trees]).astype(np.float64),
        depth=max(int(tree.max_depth) for tree in trees),
        combine=combine,
        base=base,
    )


def _children(parts: Sequence[Any], starts: Any) -> Any:
    moved = [
        np.where(part >= 0, part + start, -1)
        for part, start in zip(parts, starts[:-1], strict=True)
    ]
    return np.concatenate(moved).astype(np.int32)
