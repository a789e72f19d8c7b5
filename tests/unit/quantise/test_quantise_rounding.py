"""Weights rounded in turn: on the grid, better than nearest, and exact about what is multiplied."""

from __future__ import annotations

from typing import Any

import numpy as np
import openvino as ov
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from openvino import opset13 as ops

from provisioning.quantise.nncf_runtime import nncf
from provisioning.quantise.patches import patch_moments, patches
from provisioning.quantise.quantiser_effect import with_quantisers
from provisioning.quantise.weight_rounding import round_in_turn, round_weights
from tests.unit.quantise.blob_network import silent

RNG = np.random.default_rng(3)
SIDE = 20


def smooth(count: int, seed: int) -> list[NDArray[np.float32]]:
    """Images whose neighbouring pixels are nearly alike, as in CT."""
    noise = (
        np.random.default_rng(seed)
        .standard_normal((count, 1, 1, SIDE + 8, SIDE + 8))
        .cumsum(3)
        .cumsum(4)
    )
    return [np.ascontiguousarray(image[..., 8:, 8:], np.float32) for image in noise]


def one_layer(
    kernel: tuple[int, int],
    strides: list[int],
    dilations: list[int],
    pads: list[int],
    auto_pad: str = "explicit",
) -> tuple[ov.Model, NDArray[np.float32]]:
    weights = RNG.standard_normal((3, 2, *kernel)).astype(np.float32)
    x = ops.parameter([1, 2, 11, 13], np.float32, name="x")
    node = ops.convolution(x, weights, strides, pads, pads, dilations, auto_pad, name="only")
    return ov.Model([ops.result(node)], [x], "one layer"), weights


@settings(max_examples=30, deadline=None)
@given(
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 2),
    pad=st.integers(0, 2),
    auto=st.sampled_from(["explicit", "same_upper", "valid"]),
)
def test_patches_are_what_the_convolution_multiplies(
    kernel: tuple[int, int], stride: int, dilation: int, pad: int, auto: str
) -> None:
    pads = [pad, pad] if auto == "explicit" else [0, 0]
    model, weights = one_layer(kernel, [stride] * 2, [dilation] * 2, pads, auto)
    image = RNG.standard_normal((1, 2, 11, 13)).astype(np.float32)
    answers = ov.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(image)[0][0]
    layer = next(op for op in model.get_ordered_ops() if op.get_type_name() == "Convolution")
    drawn = patches(image, layer, 40, seed=1)
    rng = np.random.default_rng(1)
    rows, columns = (rng.integers(0, size, 40) for size in answers.shape[1:])
    found = drawn @ weights.reshape(3, -1).T
    assert np.allclose(found, answers[:, rows, columns].T, atol=1e-4)


def test_independent_numbers_are_rounded_to_the_nearest_step() -> None:
    weights, steps = RNG.uniform(-1, 1, (4, 9)), np.full(4, 0.01)
    assert np.array_equal(round_in_turn(weights, steps, np.eye(9)), np.round(weights / 0.01))


@pytest.mark.parametrize("alike", [0.9, 0.99])
def test_alike_numbers_make_up_for_each_other(alike: float) -> None:
    products = np.full((9, 9), alike) + np.eye(9) * (1 - alike)
    weights, steps = RNG.uniform(-1, 1, (64, 9)), np.full(64, 0.02)
    found = round_in_turn(weights, steps, products)

    def error(rounded: NDArray[Any]) -> float:
        off = weights - rounded * steps[:, None]
        return float(np.einsum("oi,ij,oj->", off, products, off))

    assert error(found) < 0.5 * error(np.round(weights / steps[:, None]))
    assert np.abs(found).max() <= 127


def test_numbers_that_are_always_zero_do_no_harm() -> None:
    found = round_in_turn(RNG.uniform(-1, 1, (2, 4)), np.full(2, 0.01), np.zeros((4, 4)))
    assert np.abs(found).max() <= 100


def deep(seed: int) -> ov.Model:
    """Three convolutions; the second has no bias of its own."""
    rng = np.random.default_rng(seed)
    x = ops.parameter([1, 1, SIDE, SIDE], np.float32, name="x")
    node = x
    for at, (inputs, outputs) in enumerate(((1, 16), (16, 16), (16, 1))):
        weights = (rng.standard_normal((outputs, inputs, 3, 3)) / inputs**0.5).astype(np.float32)
        node = ops.convolution(node, weights, [1, 1], [1, 1], [1, 1], [1, 1], name=f"layer {at}")
        if at != 1:
            node = ops.add(node, np.full((1, outputs, 1, 1), 0.1, np.float32))
        node = ops.relu(node) if at < 2 else node
    return ov.Model([ops.result(node)], [x], "deep")


def test_networks_answer_more_exactly_with_their_weights_rounded_in_turn() -> None:
    before, after = np.sum([squared_errors(seed) for seed in range(4)], axis=0)
    assert after < 0.5 * before


def squared_errors(seed: int) -> tuple[float, float]:
    """On images that nothing was fitted to: rounded to the nearest step, and in turn."""
    model, images, fresh = deep(seed), smooth(24, seed), smooth(6, seed + 100)
    quantised = nncf.quantize(
        model.clone(),
        nncf.Dataset(images),
        target_device=nncf.TargetDevice.CPU,
        advanced_parameters=nncf.AdvancedQuantizationParameters(disable_bias_correction=True),
    )
    nearest = squared_error(model, float_activations(quantised), fresh)
    rounded = round_weights(quantised, model, images, silent)
    return nearest, squared_error(model, float_activations(rounded), fresh)


def float_activations(model: ov.Model) -> ov.Model:
    return with_quantisers(model, lambda _name: False)


def squared_error(model: ov.Model, other: ov.Model, images: list[NDArray[np.float32]]) -> float:
    exact, found = (
        ov.compile_model(each, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        for each in (model, other)
    )
    return sum(float(np.square(exact(x)[0] - found(x)[0]).sum()) for x in images)


def test_moments_are_those_of_all_elements() -> None:
    model, images = deep(1), smooth(3, 1)
    found = patch_moments(model, ["layer 0", "layer 1"], images, silent)
    assert found["layer 0"].mean.shape == (9,)
    assert found["layer 1"].products.shape == (144, 144)
    centre = np.mean([image.mean() for image in images])
    spread = np.std(images)
    assert abs(found["layer 0"].mean[4] - centre) < 0.2 * spread
    assert np.all(np.linalg.eigvalsh(found["layer 1"].covariance) > -1e-6)
