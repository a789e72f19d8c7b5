"""What a self-test compares, and which self-tests are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provisioning.manifest_file import model_file
from provisioning.self_test.tensor_file import write_tensors
from serving.domain.cpu_plan import NodePlan
from serving.domain.errors import CorruptModel
from serving.engine.catalog import ModelVersion
from serving.engine.compiled_model import CompiledModel
from serving.engine.compiler import CompileOptions
from serving.engine.runtime import ov
from serving.engine.self_test import answer_distance, check_answers
from tests.unit.engine import tiny_models as tiny

Nodes = Callable[..., NodePlan]
X = np.array([[1, -2, 3]], np.float32)
POSITIVE, TOTAL = np.array([[1, 0, 3]], np.float32), np.array([2], np.float32)


def loaded(repository: Path, node: NodePlan, asked: Any, answers: Any) -> CompiledModel:
    """The network of two outputs, `positive` and `total`, with this self-test."""
    folder = repository / "two" / "1"
    (folder / "self_test").mkdir(parents=True)
    text = ""
    for what, arrays in (("inputs", asked), ("outputs", answers)):
        path = f"self_test/{what}.npz"
        write_tensors(folder / path, arrays)
        digest = model_file(folder, path).sha256
        text += f'self_test.{what} = {{path = "{path}", sha256 = "{digest}"}}\n'
    tiny.write_version(repository, "two", tiny.two_outputs(), extra=text)
    options = CompileOptions.for_node(node, None)
    return CompiledModel.loaded(ov.Core(), ModelVersion.read(folder), "fp32", options)


@pytest.mark.parametrize("name", ["positive", "total"])
def test_outputs_that_are_not_named_are_not_compared(
    repository: Path, node: Nodes, name: str
) -> None:
    answers = {"positive": POSITIVE, "total": TOTAL}
    check_answers(loaded(repository, node(), {"x": X}, {name: answers[name]}))


def test_each_named_output_is_compared(repository: Path, node: Nodes) -> None:
    answers = {"positive": POSITIVE, "total": TOTAL * 2}
    with pytest.raises(CorruptModel, match="two version 1 failed: total is 500 from"):
        check_answers(loaded(repository, node(), {"x": X}, answers))


def test_at_least_one_output_is_compared(repository: Path, node: Nodes) -> None:
    with pytest.raises(CorruptModel, match="names no output"):
        check_answers(loaded(repository, node(), {"x": X}, {}))


@pytest.mark.parametrize(
    ("asked", "answers", "sentence"),
    [
        ({}, {"total": TOTAL}, "gives no input x"),
        ({"x": X, "z": X}, {"total": TOTAL}, "that the model does not name"),
        ({"x": X}, {"totals": TOTAL}, "that the model does not name"),
        ({"x": X.astype(np.float64)}, {"total": TOTAL}, "x in the self-test is not of"),
        ({"x": X[:, :2]}, {"total": TOTAL}, "x in the self-test is not of"),
        ({"x": X}, {"total": TOTAL[None]}, "total in the self-test is not of"),
    ],
)
def test_a_self_test_of_another_model_is_refused(
    repository: Path, node: Nodes, asked: Any, answers: Any, sentence: str
) -> None:
    with pytest.raises(CorruptModel, match=sentence):
        check_answers(loaded(repository, node(), asked, answers))


def test_a_changed_self_test_is_refused(repository: Path, node: Nodes) -> None:
    model = loaded(repository, node(), {"x": X}, {"total": TOTAL})
    write_tensors(repository / "two/1/self_test/outputs.npz", {"total": TOTAL + 1})
    with pytest.raises(CorruptModel, match="differs from the digest"):
        check_answers(model)


def test_no_number_and_other_shapes_are_infinitely_far() -> None:
    far = float("inf")
    one = np.array([1.0, 2.0])
    assert answer_distance(one, one) == 0
    assert answer_distance(np.array([1.0, np.nan]), one) == far
    assert answer_distance(one, np.array([1.0, np.nan])) == far
    assert answer_distance(one[:1], one) == far
    assert answer_distance(np.array([1.0, 2.5]), one) == pytest.approx(0.5)
