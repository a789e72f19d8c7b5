"""A model's own test case: known inputs, the outputs that they gave when it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from serving.domain.errors import CorruptModel
from serving.domain.manifest import SelfTest
from serving.domain.tensor import AnyArray, Tensor
from serving.engine.compiled_model import CompiledModel
from serving.engine.tensor_archive import read_tensors


def check_answers(model: CompiledModel) -> None:
    """Runs the self-test of a loaded model, if its manifest has one; call from a thread.

    Compares the outputs that the test names. Raises CorruptModel where it names none, and where
    an answer is further from the expected one than allowed.
    """
    test = model.version.manifest.self_test
    if test is None:
        return
    model.version.verify_files((test.inputs, test.outputs))
    folder = model.version.folder
    given = read_tensors(folder / test.inputs.path, model.status.inputs)
    expected = read_tensors(folder / test.outputs.path, model.status.outputs)
    if not expected:
        raise CorruptModel(
            f"the self-test of {model.status.name} version {model.status.version} names no "
            "output; record it again"
        )
    for output in model.run_once(_tensors(model, given)):
        if output.name in expected:
            _compare(model, test, output, expected[output.name])


def answer_distance(answer: AnyArray, expected: AnyArray) -> float:
    """Mean absolute difference over the scale of what is expected.

    Not a number or another shape is infinitely far.
    """
    if answer.shape != expected.shape:
        return float("inf")
    if answer.dtype == object or answer.size == 0:
        return 0.0 if np.array_equal(answer, expected) else float("inf")
    difference = float(np.abs(answer.astype(np.float64) - expected.astype(np.float64)).mean())
    return difference / answer_scale(expected) if np.isfinite(difference) else float("inf")


def answer_scale(expected: AnyArray) -> float:
    """Mean absolute deviation of an answer; a small part of its mean size where it hardly varies.

    In the answer's own unit, never 0.
    """
    values = expected.astype(np.float64)
    spread = float(np.abs(values - values.mean()).mean())
    return max(spread, 1e-3 * float(np.abs(values).mean()), 1e-12)


def _compare(model: CompiledModel, test: SelfTest, output: Tensor, expected: AnyArray) -> None:
    allowed = test.tolerances.get(model.variant, test.tolerance)
    distance = answer_distance(output.array, expected)
    if not distance <= allowed:
        raise CorruptModel(
            f"the self-test of {model.status.name} version {model.status.version} failed: "
            f"{output.name} is {distance:.3g} from the answer in its manifest, "
            f"{allowed:g} is allowed"
        )


def _tensors(model: CompiledModel, given: Mapping[str, AnyArray]) -> Sequence[Tensor]:
    specs = model.status.inputs
    if missing := [spec.name for spec in specs if spec.name not in given]:
        raise CorruptModel(
            f"the self-test of {model.status.name} version {model.status.version} gives no input "
            f"{missing[0]}; record it again"
        )
    return [Tensor(spec.name, spec.datatype, given[spec.name]) for spec in specs]
