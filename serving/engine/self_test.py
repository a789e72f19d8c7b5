"""A model's own test case: known inputs, the outputs that they gave when it was made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serving.domain.errors import CorruptModel
from serving.domain.manifest import SelfTest
from serving.domain.tensor import AnyArray, Tensor, TensorSpec
from serving.engine.compiled_model import CompiledModel


def check_answers(model: CompiledModel) -> None:
    """Runs the self-test of a loaded model, if its manifest has one; call from a thread.

    Raises CorruptModel where an answer is further from the expected one than allowed.
    """
    test = model.version.manifest.self_test
    if test is None:
        return
    model.version.verify_files((test.inputs, test.outputs))
    given, expected = (_read(model, file.path) for file in (test.inputs, test.outputs))
    outputs = model.run_once(_tensors(model, given))
    for output in outputs:
        distance = answer_distance(output.array, _expected(model, expected, output.name))
        if not distance <= _allowed(test, model.variant):
            raise CorruptModel(
                f"the self-test of {model.status.name} version {model.status.version} failed: "
                f"{output.name} is {distance:.3g} from the answer in its manifest, "
                f"{_allowed(test, model.variant):g} is allowed"
            )


def answer_distance(answer: AnyArray, expected: AnyArray) -> float:
    """Mean absolute difference over the mean absolute deviation of what is expected.

    Not a number or another shape is infinitely far.
    """
    if answer.shape != expected.shape:
        return float("inf")
    if answer.dtype == object or answer.size == 0:
        return 0.0 if np.array_equal(answer, expected) else float("inf")
    a, b = answer.astype(np.float64), expected.astype(np.float64)
    difference = float(np.abs(a - b).mean())
    spread = float(np.abs(b - b.mean()).mean())
    scale = max(spread, 1e-3 * float(np.abs(b).mean()), 1e-12)
    return difference / scale if np.isfinite(difference) else float("inf")


def _allowed(test: SelfTest, variant: str) -> float:
    return test.tolerances.get(variant, test.tolerance)


def _read(model: CompiledModel, path: str) -> dict[str, AnyArray]:
    try:
        with np.load(model.version.folder / path, allow_pickle=False) as data:
            return {name: data[name] for name in data.files}
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise CorruptModel(
            f"{path} of the self-test cannot be read: {type(error).__name__}"
        ) from None


def _tensors(model: CompiledModel, given: dict[str, AnyArray]) -> Sequence[Tensor]:
    return [Tensor(spec.name, spec.datatype, _input(spec, given)) for spec in model.status.inputs]


def _input(spec: TensorSpec, given: dict[str, AnyArray]) -> AnyArray:
    array = given.get(spec.name)
    fits = (
        array is not None
        and array.dtype == spec.datatype.numpy
        and len(array.shape) == len(spec.shape)
    )
    if array is None or not fits:
        raise CorruptModel(f"the self-test gives no fitting input {spec.name}")
    return array


def _expected(model: CompiledModel, expected: dict[str, AnyArray], name: str) -> AnyArray:
    if name not in expected:
        raise CorruptModel(f"the self-test of {model.status.name} says nothing of output {name}")
    return expected[name]
