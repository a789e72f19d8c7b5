"""What this machine's CPUs can multiply at best: `python -m loadtests.bench.arithmetic_peak`.

A dense 3x3 convolution that fits into the caches, in each precision, on OpenVINO. No network can
be much faster than its multiply-accumulates at this pace, whatever runtime executes it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import numpy as np
from openvino import opset13 as ops

from loadtests.bench.contenders.open_vino import compile_options
from serving.engine.runtime import ov

CHANNELS, SIZE, RUNS = 256, 64, 40
MACS = CHANNELS * CHANNELS * 9 * SIZE * SIZE
PRECISIONS = {"FP32": ("f32", False), "BF16": ("bf16", False), "INT8": ("f32", True)}
"""OpenVINO's inference precision hint, and whether the graph is quantised."""


def peaks() -> dict[str, float]:
    """Billions of multiply-accumulates a second for each of PRECISIONS, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "loadtests.bench.arithmetic_peak"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the arithmetic peak was not measured: {done.stderr[-500:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _measure(hint: str, quantised: bool) -> float:
    compiled = ov.Core().compile_model(_model(quantised), "CPU", compile_options(hint, streams=1))
    request = compiled.create_infer_request()
    shape = (1, CHANNELS, SIZE, SIZE)
    inputs = {"x": np.random.default_rng(0).random(shape, dtype=np.float32)}
    least_s = float("inf")
    for _ in range(RUNS):
        began = time.perf_counter()
        request.infer(inputs, share_inputs=True)
        least_s = min(least_s, time.perf_counter() - began)
    return MACS / least_s / 1e9


def _model(quantised: bool) -> Any:
    x = ops.parameter([1, CHANNELS, SIZE, SIZE], np.float32, name="x")
    weights = np.random.default_rng(1).standard_normal((CHANNELS, CHANNELS, 3, 3))
    taps = ops.constant(weights.astype(np.float32))
    pixels: Any = x
    if quantised:
        pixels = _quantise(pixels, 0.0, 2.55, 256)
        taps = _quantise(taps, -1.27, 1.27, 255)
    product = ops.convolution(pixels, taps, [1, 1], [1, 1], [1, 1], [1, 1])
    return ov.Model([ops.result(product)], [x], "peak")


def _quantise(values: Any, low: float, high: float, levels: int) -> Any:
    bounds = [ops.constant(np.float32(bound)) for bound in (low, high, low, high)]
    return ops.fake_quantize(values, *bounds, levels)


if __name__ == "__main__":
    print(json.dumps({name: _measure(*how) for name, how in PRECISIONS.items()}))
