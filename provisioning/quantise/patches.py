"""What a convolution multiplies with its weights, and the moments of that over calibration data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from provisioning.quantise.watch import AT_ONCE, watch
from serving.domain.slices import Progress

PLACES = 500
"""Of each element, drawn at random: patches of all places differ little from their neighbours."""
SEED = 7

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Of a convolution's patches, (channels x rows x columns of the kernel) numbers each."""

    mean: Array
    """(numbers,)."""
    products: Array
    """(numbers, numbers): mean of the products of each two."""

    @property
    def covariance(self) -> Array:
        """(numbers, numbers)."""
        return self.products - np.outer(self.mean, self.mean)


def patch_moments(
    model: Any, names: Sequence[str], elements: Sequence[NDArray[Any]], report: Progress
) -> dict[str, Moments]:
    """By name of the Convolution in an ov.Model: its patches' moments over all `elements`."""
    found: dict[str, Moments] = {}
    for at in range(0, len(names), AT_ONCE):
        report(at / len(names), f"inputs of layer {at + 1} of {len(names)}")
        found |= _moments(model, names[at : at + AT_ONCE], elements)
    return found


def patches(image: NDArray[Any], convolution: Any, places: int, seed: int) -> Array:
    """(places, numbers) patches of `image` (1, channels, rows, columns), drawn with `seed`."""
    facts = convolution.get_attributes()
    kernel = convolution.input_value(1).get_shape()[2:]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, facts["dilations"], strict=True)]
    padded = np.pad(image[0], ((0, 0), *_padding(image.shape[2:], reach, facts)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach, (1, 2))
    (down, right), (below, beside) = facts["strides"], facts["dilations"]
    windows = windows[:, ::down, ::right, ::below, ::beside]
    rng = np.random.default_rng(seed)
    rows, columns = (rng.integers(0, size, places) for size in windows.shape[1:3])
    drawn = windows[:, rows, columns]
    return drawn.transpose(1, 0, 2, 3).reshape(places, -1).astype(np.float64)


def _padding(
    sizes: Sequence[int], reach: Sequence[int], facts: dict[str, Any]
) -> list[tuple[int, int]]:
    """(before, after) of rows and of columns; OpenVINO's `same_*` makes ceil(size / stride)."""
    if not str(facts["auto_pad"]).startswith("same"):
        before, after = facts["pads_begin"], facts["pads_end"]
        return [(max(b, 0), max(a, 0)) for b, a in zip(before, after, strict=True)]
    pads = []
    for size, wide, stride in zip(sizes, reach, facts["strides"], strict=True):
        total = max((-(-size // stride) - 1) * stride + wide - size, 0)
        pads.append((total // 2, total - total // 2))
    return pads


def _moments(
    model: Any, names: Sequence[str], elements: Sequence[NDArray[Any]]
) -> dict[str, Moments]:
    layers = {op.get_friendly_name(): op for op in model.get_ordered_ops()}
    ports = {name: _source(layers[name]) for name in names}
    sources = sorted(set(ports.values()))
    inputs_of = watch(model, sources)
    sums = {name: [np.zeros(1), np.zeros((1, 1))] for name in names}
    for at, element in enumerate(elements):
        values = dict(zip(sources, inputs_of(element), strict=True))
        for name in names:
            drawn = patches(values[ports[name]], layers[name], PLACES, SEED + at)
            sums[name][0] = sums[name][0] + drawn.sum(axis=0)
            sums[name][1] = sums[name][1] + drawn.T @ drawn
    count = PLACES * len(elements)
    return {
        name: Moments(mean / count, products / count) for name, (mean, products) in sums.items()
    }


def _source(layer: Any) -> tuple[str, int]:
    port = layer.input_value(0)
    return str(port.get_node().get_friendly_name()), int(port.get_index())
