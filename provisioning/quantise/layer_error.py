"""How far each layer's output moved by quantisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from provisioning.quantise.watch import AT_ONCE, watch
from serving.domain.slices import Progress

_PRODUCTS = ("Convolution", "GroupConvolution", "ConvolutionBackpropData", "MatMul")


def product_layers(model: Any) -> list[str]:
    """Names of the convolutions and matrix products of an ov.Model, first to last."""
    return [
        op.get_friendly_name() for op in model.get_ordered_ops() if op.get_type_name() in _PRODUCTS
    ]


def layer_errors(
    reference: Any, quantised: Any, elements: Sequence[NDArray[Any]], report: Progress
) -> dict[str, float]:
    """By layer: squared error of its output relative to its square, over all elements.

    `reference` and `quantised` are ov.Models whose layers have the same names.
    """
    kept = set(product_layers(quantised))
    names = [name for name in product_layers(reference) if name in kept]
    errors: dict[str, float] = {}
    for at in range(0, len(names), AT_ONCE):
        report(at / len(names), f"error of layer {at + 1} of {len(names)}")
        part = names[at : at + AT_ONCE]
        errors |= dict(zip(part, _errors(reference, quantised, part, elements), strict=True))
    return errors


def _errors(
    reference: Any, quantised: Any, names: list[str], elements: Sequence[NDArray[Any]]
) -> list[float]:
    places = [(name, 0) for name in names]
    before, after = (watch(model, places) for model in (reference, quantised))
    error, power = np.zeros(len(names)), np.zeros(len(names))
    for element in elements:
        pairs = zip(before(element), after(element), strict=True)
        for at, (wanted, found) in enumerate(pairs):
            error[at] += float(np.square(wanted - found, dtype=np.float64).sum())
            power[at] += float(np.square(wanted, dtype=np.float64).sum())
    relative: list[float] = (error / np.maximum(power, 1e-30)).tolist()
    return relative
