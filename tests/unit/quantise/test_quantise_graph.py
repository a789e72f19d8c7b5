"""What is done to a graph before and while it is quantised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from provisioning.quantise.candidate_file import kernels, save
from provisioning.quantise.elements import Elements, only_input
from provisioning.quantise.mixed import SHARES, mixed
from provisioning.quantise.nncf_runtime import nncf
from provisioning.quantise.post_training import post_training, quantise
from provisioning.quantise.quantiser_effect import quantiser_effects
from provisioning.quantise.simplify import simplify
from provisioning.quantise.workbench import Workbench
from tests.unit.quantise.blob_network import silent, squares, write_version


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    folder = write_version(tmp_path_factory.mktemp("repository"))
    return Workbench(folder / "fp32/model.xml", squares("calibration", 8))


def hidden_bias() -> ov.Model:
    """A convolution whose bias a graph of its own shapes, as ONNX with open sizes gives it."""
    x = ops.parameter([-1, 1, -1, -1], np.float32, name="x")
    weights = ops.convert(ops.constant(np.ones((2, 1, 3, 3), np.float16)), "f32")
    convolved = ops.convolution(x, weights, [1, 1], [1, 1], [1, 1], [1, 1])
    rank = ops.shape_of(ops.shape_of(convolved))
    ones = ops.broadcast(ops.constant(np.array(1)), ops.subtract(rank, ops.constant([2])))
    shape = ops.concat([ops.constant([1, 2]), ones], 0)
    bias = ops.reshape(ops.constant(np.array([3.0, 4.0], np.float32)), shape, False)
    return ov.Model([ops.result(ops.add(convolved, bias))], [x], "hidden bias")


def test_a_hidden_bias_and_half_precision_weights_become_constants() -> None:
    before = hidden_bias()
    image = np.ones((1, 1, 4, 4), np.float32)
    wanted = ov.compile_model(before.clone(), "CPU")(image)[0]
    folded = simplify(before)
    kinds = [op.get_type_name() for op in folded.get_ordered_ops() if op.get_friendly_name()]
    assert sorted(set(kinds)) == ["Add", "Constant", "Convolution", "Parameter", "Result"]
    assert np.array_equal(ov.compile_model(folded, "CPU")(image)[0], wanted)


def test_whole_numbers_compile_in_int8_whatever_bounds_them(tmp_path: Path) -> None:
    """ONNX bounds Hounsfield units by a maximum and a minimum, and not by a clamp."""
    hu = ops.parameter([-1, 1, 24, 24], np.int16, name="hu")
    bounded = ops.minimum(ops.maximum(ops.convert(hu, "f32"), np.float32(-1250)), np.float32(250))
    unit = ops.divide(ops.subtract(bounded, np.float32(-1250)), np.float32(1500))
    weights = np.random.default_rng(1).standard_normal((8, 1, 3, 3)).astype(np.float32)
    node = ops.relu(ops.convolution(unit, weights, [1, 1], [1, 1], [1, 1], [1, 1]))
    ov.save_model(ov.Model([ops.result(node)], [hu], "bounded"), tmp_path / "model.xml")
    bench = Workbench(tmp_path / "model.xml", squares("calibration", 8))
    candidate = next(post_training(bench, silent))
    assert kernels(save(candidate, tmp_path), "f32").int8_layers == 1
    candidate.model.reshape([1, 1, 24, 24])
    assert kernels(save(candidate, tmp_path), "f32").int8_layers == 1


def test_no_value_of_the_calibration_data_is_clipped(bench: Workbench) -> None:
    """NNCF's own choice ends at the mean of the images' largest values."""
    bright = squares("calibration", 8)
    bright.inputs[3] = bright.inputs[3] + 5 * (bright.inputs[3].max() - bright.inputs[3])
    one = Workbench(bench.fp32, bright)
    model = quantise(one, silent, nncf.QuantizationPreset.MIXED)
    first = next(op for op in model.get_ordered_ops() if op.get_type_name() == "FakeQuantize")
    assert float(np.max(first.input_value(2).get_node().data)) > 0
    answers = ov.compile_model(model, "CPU")(bright.inputs[3][np.newaxis])[0]
    exact = ov.compile_model(one.read(), "CPU")(bright.inputs[3][np.newaxis])[0]
    assert np.abs(answers - exact).max() < 0.1


def test_effects_name_every_quantiser_of_an_activation_the_worst_first(bench: Workbench) -> None:
    quantised = quantise(bench, silent, nncf.QuantizationPreset.MIXED)
    elements = Elements(bench.calibration, only_input(quantised))
    effects = quantiser_effects(quantised, [elements[0]], silent)
    of_activations = [
        op
        for op in quantised.get_ordered_ops()
        if op.get_type_name() == "FakeQuantize"
        and op.input_value(0).get_node().get_type_name() != "Constant"
    ]
    assert len(effects) == len(of_activations) > 2
    errors = [effect.error for effect in effects]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 0
    names = {op.get_friendly_name() for op in of_activations}
    assert {effect.name for effect in effects} == names


def test_each_share_leaves_more_in_float(bench: Workbench) -> None:
    tried = list(mixed(bench, silent))
    assert len(tried) == len(SHARES)
    left = [
        sum(op.get_type_name() == "FakeQuantize" for op in each.model.get_ordered_ops())
        for each in tried
    ]
    assert left == sorted(left, reverse=True)
    assert left[-1] < left[0]
