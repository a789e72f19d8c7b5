"""Do the parts of a loaded model fit one another? A file that was changed by hand may not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serving.domain.errors import CorruptModel
from serving.radiomics.modelling.predictors import (
    Constant,
    Cox,
    KernelMachine,
    Logistic,
    Predictor,
    Trees,
)
from serving.radiomics.modelling.steps import (
    FillMissing,
    Harmonise,
    Keep,
    Project,
    Standardise,
    Step,
)

_DEEPEST = 10_000


def check_steps(steps: Sequence[Step], features: int) -> int:
    """How many inputs the steps make of `features` columns. Raises CorruptModel."""
    width = features
    for step in steps:
        width = _width_after(step, width)
    return width


def check_predictor(predictor: Predictor, inputs: int) -> None:
    """Raises CorruptModel where the predictor cannot take that many inputs."""
    if isinstance(predictor, Constant):
        _require(isinstance(predictor.value, float))
    elif isinstance(predictor, Logistic):
        _shape(predictor.weights, (inputs,))
    elif isinstance(predictor, KernelMachine):
        _shape(predictor.vectors, (predictor.weights.size, inputs))
        _shape(predictor.weights, (predictor.weights.size,))
    elif isinstance(predictor, Cox):
        _shape(predictor.weights, (inputs,))
        _shape(predictor.cumulative_hazard, predictor.times.shape)
    else:
        _check_trees(predictor, inputs)


def _width_after(step: Step, width: int) -> int:
    if isinstance(step, FillMissing):
        _shape(step.values, (width,))
    elif isinstance(step, Standardise):
        _shape(step.centre, (width,))
        _shape(step.scale, (width,))
        _require(bool((step.scale != 0).all()))
    elif isinstance(step, Harmonise):
        _shape(step.slope, (len(step.names), width))
        _shape(step.offset, (len(step.names), width))
    elif isinstance(step, Project):
        _shape(step.mean, (width,))
        _require(step.components.ndim == 2 and step.components.shape[1] == width)
        return int(step.components.shape[0])
    elif isinstance(step, Keep):
        _whole(step.columns, 0, width)
        return int(step.columns.size)
    return width


def _check_trees(trees: Trees, inputs: int) -> None:
    nodes = trees.left.size
    for numbers in (trees.left, trees.right, trees.feature, trees.threshold, trees.value):
        _require(numbers.shape == (nodes,))
    _whole(trees.roots, 0, nodes)
    _whole(trees.left, -1, nodes)
    _whole(trees.right, -1, nodes)
    inner = trees.left >= 0
    _require(bool((inner == (trees.right >= 0)).all()))
    _whole(trees.feature[inner], 0, inputs)
    _require(isinstance(trees.depth, int) and 0 <= trees.depth <= _DEEPEST)
    _require(trees.combine in ("mean", "logit") and trees.roots.size > 0)


def _whole(numbers: np.ndarray, low: int, high: int) -> None:
    _require(numbers.dtype.kind == "i" and numbers.ndim == 1)
    _require(bool(((numbers >= low) & (numbers < high)).all()))


def _shape(numbers: np.ndarray, shape: tuple[int, ...]) -> None:
    _require(numbers.dtype.kind == "f" and numbers.shape == shape)


def _require(holds: bool) -> None:
    if not holds:
        raise CorruptModel("parts of the stored model do not fit one another; import it again")
