"""Tiny models, written as real IRs into a repository under the test's own folder."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from serving.domain.tensor import Datatype
from serving.engine.datatypes import to_openvino, to_spec
from serving.engine.runtime import ov

op = ov.opset13


def parameter(shape: list[int], datatype: Datatype = Datatype.FP32, name: str = "x") -> Any:
    node = op.parameter(shape, to_openvino(datatype), name=name)
    node.output(0).set_names({name})
    return node


def result(node: Any, name: str = "y") -> Any:
    found = op.result(node)
    found.output(0).set_names({name})
    return found


def identity(shape: list[int], datatype: Datatype = Datatype.FP32) -> Any:
    """In and out are one tensor, so both are called x."""
    x = parameter(shape, datatype)
    return ov.Model([op.result(x)], [x], "identity")


def relu(shape: list[int]) -> Any:
    x = parameter(shape)
    return ov.Model([result(op.relu(x))], [x], "relu")


def slow(size: int = 500, rounds: int = 8) -> Any:
    """Matrix products, one after the other: tens of milliseconds."""
    x = parameter([size, size])
    weights = op.constant(np.eye(size, dtype=np.float32) * 0.5)
    node = x
    for _ in range(rounds):
        node = op.relu(op.matmul(node, weights, False, False))
    return ov.Model([result(node)], [x], "slow")


def picky() -> Any:
    """Dynamic shapes, each allowed alone, that must agree to be multiplied."""
    x, z = parameter([-1]), parameter([-1], name="z")
    row = op.reshape(x, op.constant(np.array([1, -1])), False)
    matrix = op.reshape(z, op.constant(np.array([4, -1])), False)
    return ov.Model([result(op.matmul(row, matrix, False, False))], [x, z], "picky")


def two_outputs() -> Any:
    x = parameter([-1, 3])
    total = op.reduce_sum(x, op.constant(np.array([1])), False)
    return ov.Model([result(op.relu(x), "positive"), result(total, "total")], [x], "two")


def slices(size: int = 16) -> Any:
    """What the reference network looks like from outside: int16 HU in, probability out."""
    x = parameter([-1, 1, size, size], Datatype.INT16, "hu")
    scaled = op.divide(op.convert(x, "f32"), op.constant(np.float32(100)))
    return ov.Model([result(op.sigmoid(scaled), "probability")], [x], "slices")


_NAMES = {"inputs": ("x", "z", "hu"), "outputs": ("y", "positive", "total", "probability")}


def _entry(kind: str, port: Any) -> str:
    spec = to_spec(port, _NAMES[kind])
    return (
        f'[[{kind}]]\nname = "{spec.name}"\ndatatype = "{spec.datatype.value}"\n'
        f'shape = {list(spec.shape)}\nmeaning = "test"\n'
    )


def write_version(
    repository: Path,
    name: str,
    model: Any,
    version: int = 1,
    precisions: tuple[str, ...] = ("f32",),
    extra: str = "",
) -> Path:
    """Saves the model and its manifest; variants are named fp32, bf16 after their precision."""
    folder = repository / name / str(version)
    names = {"f32": "fp32", "bf16": "bf16"}
    text = (
        f'name = "{name}"\nversion = {version}\ntask = "test"\narchitecture = "test"\n'
        f'intended_use = "tests"\ndefault_variant = "{names[precisions[0]]}"\n{extra}'
    )
    text += "".join(_entry("inputs", port) for port in model.inputs)
    text += "".join(_entry("outputs", port) for port in model.outputs)
    for precision in precisions:
        variant = names[precision]
        (folder / variant).mkdir(parents=True)
        ov.save_model(model, str(folder / variant / "model.xml"), compress_to_fp16=False)
        text += f'[variants.{variant}]\nmodel = "{variant}/model.xml"\n'
        text += f'inference_precision = "{precision}"\n'
        for suffix in ("xml", "bin"):
            digest = hashlib.sha256((folder / variant / f"model.{suffix}").read_bytes()).hexdigest()
            text += f'[[variants.{variant}.files]]\npath = "{variant}/model.{suffix}"\n'
            text += f'sha256 = "{digest}"\n'
    (folder / "model.toml").write_text(text, "utf-8")
    return folder


REFUSING_GATE = """[[variants.bf16.gates]]
metric = "accuracy"
reference = 0.9
value = 0.8
drop_points = 10.0
upper_points = 11.0
limit_points = 0.17
unit = "image"
units = 100
cases = 100
"""
"""Appended to a manifest whose last variant is bf16."""


def crashing() -> Any:
    """Reads far beyond its table: the process dies of it at the first inference (2026.4, CPU)."""
    x = parameter([2])
    first = op.gather(x, op.constant(0), op.constant(0))
    table = op.add(op.constant(np.zeros((4, 8), np.float32)), first)
    far = op.convert(op.add(x, op.constant(np.float32(2e9))), "i32")
    index = op.reshape(
        op.gather(far, op.constant(np.array([0])), op.constant(0)),
        op.constant(np.array([1, 1])),
        False,
    )
    return ov.Model([result(op.gather_nd(table, index, 0))], [x], "crashing")
