"""Rounds the INT8 weights of convolutions anew, so that each rounding makes up for the others.

NNCF rounds each weight to the nearest step. What counts is the sum over a patch, and the numbers
of a patch are nearly alike: rounded one after the other, each weight's error handed on to those
that are still to come, the outputs' squared error falls to a tenth or less at the same steps.

Source: Frantar et al. 2023, "GPTQ" (arXiv 2210.17323), here for patches of images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from provisioning.quantise.patches import Array, Moments, patch_moments
from provisioning.quantise.stage import within
from serving.domain.slices import Progress
from serving.engine.runtime import ov

_MOST = 127
"""NNCF's steps are symmetric: -127..127."""
_DAMPING = 0.01
"""Share of the mean power that is added to each number's own: calibration data is a sample."""
_MOST_NUMBERS = 4608
"""Of a patch: 512 channels of 3x3. Larger ones keep NNCF's rounding; their products fill memory."""


def round_weights(
    quantised: Any, reference: Any, elements: Sequence[NDArray[Any]], report: Progress
) -> Any:
    """`quantised`, an ov.Model by NNCF, changed in place: new INT8 weights, the same steps.

    `reference` has the same convolutions, by name, in floating point. Biases take up what the
    mean of the outputs moves by.
    """
    exact = {op.get_friendly_name(): op for op in _convolutions(reference)}
    layers = [layer for layer in map(_int8_layer, _convolutions(quantised)) if layer is not None]
    layers = [layer for layer in layers if layer.name in exact and layer.numbers <= _MOST_NUMBERS]
    moments = patch_moments(
        quantised, [layer.name for layer in layers], elements, within(report, 0.0, 0.8)
    )
    for at, layer in enumerate(layers):
        report(0.8 + 0.2 * at / len(layers), f"rounding layer {at + 1} of {len(layers)}")
        wanted = _constant(exact[layer.name].input_value(1))
        _round(layer, _flat(wanted.data), moments[layer.name])
    quantised.validate_nodes_and_infer_types()
    return quantised


def round_in_turn(weights: Array, steps: Array, products: Array) -> NDArray[np.int8]:
    """(outputs, numbers) INT8 of `weights`, of which `steps` (outputs,) is one unit each.

    `products` (numbers, numbers): the second moment of what the weights are multiplied with. The
    numbers of the greatest power come first, while there are others left to make up for them.
    """
    products = _damped(products)
    order = np.argsort(-np.diag(products))
    hand_on = np.linalg.cholesky(np.linalg.inv(products[np.ix_(order, order)])).T
    left = weights[:, order]
    rounded = np.zeros_like(left)
    for at in range(left.shape[1]):
        rounded[:, at] = np.clip(np.round(left[:, at] / steps), -_MOST, _MOST)
        error = (left[:, at] - rounded[:, at] * steps) / hand_on[at, at]
        left[:, at:] -= np.outer(error, hand_on[at, at:])
    found = np.empty(left.shape, np.int8)
    found[:, order] = rounded.astype(np.int8)
    return found


def _damped(products: Array) -> Array:
    """Invertible also where numbers never differ from zero."""
    power = np.diag(products).mean()
    least = float(np.finfo(np.float64).tiny)
    damped: Array = products + np.eye(len(products)) * max(_DAMPING * power, least)
    return damped


@dataclass(frozen=True, slots=True)
class _Layer:
    """A convolution of INT8 weights: Constant, Convert, Multiply by the step."""

    name: str
    convert: Any
    weights: Any
    steps: Array
    """(outputs,)."""
    bias: Any
    """The Constant of its bias, None where it has none of its own."""

    @property
    def numbers(self) -> int:
        return int(np.prod(self.weights.data.shape[1:]))


def _convolutions(model: Any) -> list[Any]:
    return [op for op in model.get_ordered_ops() if op.get_type_name() == "Convolution"]


def _int8_layer(convolution: Any) -> _Layer | None:
    scaled = convolution.input_value(1).get_node()
    if scaled.get_type_name() != "Multiply":
        return None
    convert, weights = scaled.input_value(0).get_node(), _constant(scaled.input_value(0))
    steps = _constant(scaled.input_value(1))
    if weights is None or steps is None or weights.get_element_type() != ov.Type.i8:
        return None
    outputs = weights.data.shape[0]
    each = np.broadcast_to(steps.data.astype(np.float64).reshape(-1), (outputs,))
    return _Layer(convolution.get_friendly_name(), convert, weights, each, _bias(convolution))


def _constant(port: Any) -> Any:
    """The Constant behind a port and its conversions, None where it is something else."""
    node = port.get_node()
    while node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    return node if node.get_type_name() == "Constant" else None


def _bias(convolution: Any) -> Any:
    targets = list(convolution.output(0).get_target_inputs())
    if len(targets) != 1 or targets[0].get_node().get_type_name() != "Add":
        return None
    return _constant(targets[0].get_node().input_value(1 - targets[0].get_index()))


def _round(layer: _Layer, wanted: Array, moments: Moments) -> None:
    before = _flat(layer.weights.data)
    second = moments.products if layer.bias is None else moments.covariance
    found = round_in_turn(wanted, layer.steps, second)
    _replace(layer.weights, found.reshape(layer.weights.data.shape))
    if layer.bias is not None:
        moved = layer.steps * ((before - found) @ moments.mean)
        bias = layer.bias.data
        _replace(layer.bias, (bias + moved.reshape(bias.shape)).astype(bias.dtype))


def _replace(constant: Any, values: NDArray[Any]) -> None:
    fresh = ov.op.Constant(np.ascontiguousarray(values))
    fresh.set_friendly_name(constant.get_friendly_name())
    for target in constant.output(0).get_target_inputs():
        target.replace_source_output(fresh.output(0))


def _flat(weights: NDArray[Any]) -> Array:
    return weights.reshape(len(weights), -1).astype(np.float64)
