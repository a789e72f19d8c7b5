"""Which kernels of a compiled model really run in INT8."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

_PRODUCTS = ("Convolution", "GroupConvolution", "Deconvolution", "FullyConnected", "MatMul")
_INTEGERS = ("i8", "u8")
_CHANNELS_LAST = ("FullyConnected", "MatMul")


@dataclass(frozen=True, slots=True)
class KernelCount:
    """Convolutions and matrix products of an execution graph, by the arithmetic they run in.

    MACs are multiply-accumulates of one element, an open dimension counted as 1.
    """

    int8_layers: int
    float_layers: int
    int8_macs: int
    float_macs: int

    @property
    def int8_share(self) -> float:
        """Of the multiply-accumulates."""
        return self.int8_macs / max(self.int8_macs + self.float_macs, 1)


def count_kernels(compiled: Any) -> KernelCount:
    """Reads the graph that OpenVINO's CPU plugin made, of an ov.CompiledModel.

    A node's `runtimePrecision` is that of its input, so u8 or i8 means integer arithmetic; its
    primitive's name (`brgconv_avx512_I8`) says the same.
    """
    layers, macs = {True: 0, False: 0}, {True: 0, False: 0}
    for node in compiled.get_runtime_model().get_ordered_ops():
        facts = node.get_rt_info()
        kind = _text(facts, "layerType")
        if kind not in _PRODUCTS:
            continue
        is_int8 = _text(facts, "runtimePrecision") in _INTEGERS
        layers[is_int8] += 1
        macs[is_int8] += _macs(node, kind)
    return KernelCount(layers[True], layers[False], macs[True], macs[False])


def _macs(node: Any, kind: str) -> int:
    """Weights times the places they are applied at; the inner product for two activations."""
    weights = _sizes(node.input_value(1)) if node.get_input_size() > 1 else []
    if kind == "Deconvolution":
        return math.prod(weights) * math.prod(_sizes(node.input_value(0))[2:])
    places = _sizes(node.output(0))
    if kind in _CHANNELS_LAST:
        inner = (_sizes(node.input_value(0)) or [1])[-1]
        return math.prod(places) * inner
    return math.prod(weights) * math.prod(places[2:])


def _sizes(port: Any) -> list[int]:
    shape = port.get_partial_shape()
    if shape.rank.is_dynamic:
        return []
    return [1 if size.is_dynamic else size.get_length() for size in shape]


def _text(facts: Any, key: str) -> str:
    return str(facts[key].astype(str)) if key in facts else ""
