"""Small models with known costs, made on the spot; untrained, for benchmarks only."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as ops

ECHO = "bench_echo"
NETWORK = "bench_network"
ECHO_ELEMENTS = 262_144
"""FP32: 1 MiB in and 1 MiB out."""


def write_repository(folder: Path) -> Path:
    """Writes a model repository with the echo (1 MiB) and a 512x512 network of some 50 ms."""
    _write_version(folder, ECHO, _echo(), "[1, 262144]", "[1, 262144]")
    _write_version(folder, NETWORK, _network(), "[1, 1, 512, 512]", "[1, 1, 512, 512]")
    return folder


def _echo() -> ov.Model:
    x = ops.parameter([1, ECHO_ELEMENTS], np.float32, name="x")
    y = ops.add(x, ops.constant(np.float32(1.0)))
    return _named(x, y)


def _network(width: int = 16, layers: int = 6) -> ov.Model:
    rng = np.random.default_rng(0)
    x = ops.parameter([1, 1, 512, 512], np.float32, name="x")
    node, channels = x.output(0), 1
    for layer in range(layers):
        out = 1 if layer == layers - 1 else width
        weights = rng.standard_normal((out, channels, 3, 3)).astype(np.float32)
        weights /= np.sqrt(9 * channels)
        node = ops.convolution(node, ops.constant(weights), [1, 1], [1, 1], [1, 1], [1, 1])
        node = ops.relu(node)
        channels = out
    return _named(x, node)


def _named(x: ov.Node, y: ov.Node) -> ov.Model:
    result = ops.result(y)
    model = ov.Model([result], [x], "bench")
    model.input(0).set_names({"x"})
    model.output(0).set_names({"y"})
    return model


def _write_version(folder: Path, name: str, model: ov.Model, shape_in: str, shape_out: str) -> None:
    home = folder / name / "1"
    (home / "fp32").mkdir(parents=True)
    ov.save_model(model, home / "fp32" / "model.xml", compress_to_fp16=False)
    files = "\n".join(
        f'  {{ path = "fp32/{part}", sha256 = "{_sha256(home / "fp32" / part)}" }},'
        for part in ("model.xml", "model.bin")
    )
    (home / "model.toml").write_text(f'''\
name = "{name}"
version = 1
task = "benchmark"
architecture = "made on the spot"
intended_use = "Benchmarks only; untrained."
default_variant = "fp32"
inputs = [{{ name = "x", datatype = "FP32", shape = {shape_in}, meaning = "numbers" }}]
outputs = [{{ name = "y", datatype = "FP32", shape = {shape_out}, meaning = "numbers" }}]

[variants.fp32]
model = "fp32/model.xml"
inference_precision = "f32"
files = [
{files}
]
''')


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
