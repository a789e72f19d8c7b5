"""A real small network that finds bright squares, and labelled sets of such squares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

from provisioning.labelled_set import LabelledSet, write_labelled_set
from provisioning.manifest_file import model_file, write_manifest
from provisioning.quantise.post_training import post_training
from provisioning.quantise.workbench import Candidate, Workbench
from serving.domain.manifest import ModelManifest, TensorEntry, Variant
from serving.domain.slices import Progress
from serving.domain.tensor import Datatype

op = ov.opset13
SIDE = 24
CHANNELS = 16
COARSE = 30_866
"""As the brightest value of calibration data it makes a step of 125 HU."""


def silent(_share: float, _stage: str) -> None:
    """A report that nobody reads."""


def network() -> Any:
    """int16 HU (-1, 1, SIDE, SIDE) to the probability that the mean of 3x3 is above 500."""
    hu = op.parameter([-1, 1, SIDE, SIDE], ov.Type.i16, name="hu")
    hu.output(0).set_names({"hu"})
    clamped = op.clamp(op.convert(hu, "f32"), -1000.0, 32000.0)
    shifted = op.subtract(clamped, op.constant(np.full((1, 1, 1, 1), -1000, np.float32)))
    node = op.divide(shifted, op.constant(np.full((1, 1, 1, 1), 1000, np.float32)))
    box = np.full((CHANNELS, 1, 3, 3), 1 / 9, np.float32)
    box *= np.linspace(0.5, 1.5, CHANNELS, dtype=np.float32)[:, None, None, None]
    node = op.relu(_convolution(node, box))
    again = np.eye(CHANNELS, dtype=np.float32)[:, :, None, None]
    node = op.relu(_convolution(node, again))
    node = op.relu(_convolution(node, again))
    mean = np.full((1, CHANNELS, 1, 1), 1 / CHANNELS, np.float32)
    level = op.add(_convolution(node, mean), op.constant(np.full((1, 1, 1, 1), -1.5, np.float32)))
    answer = op.sigmoid(op.multiply(level, op.constant(np.float32(20))))
    answer.output(0).set_names({"probability"})
    return ov.Model([op.result(answer)], [hu], "blobs")


def _convolution(node: Any, weights: np.ndarray) -> Any:
    pad = weights.shape[2] // 2
    return op.convolution(node, op.constant(weights), [1, 1], [pad, pad], [pad, pad], [1, 1])


def squares(
    name: str, count: int = 24, low: int = 0, high: int = 1000, seed: int = 1, case: str = ""
) -> LabelledSet:
    """A square of `high` on `low` in each image, with a little noise; two cases."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((count, 1, SIDE, SIDE), np.bool_)
    for mask in masks:
        row, column = rng.integers(2, 10, 2)
        height, width = rng.integers(5, 11, 2)
        mask[0, row : row + height, column : column + width] = True
    hu = np.where(masks, high, low) + rng.integers(-9, 10, masks.shape)
    cases = np.array([f"{case or name}-{index % 2}" for index in range(count)])
    return LabelledSet(name, hu.astype(np.int16), cases, masks)


def write_set(folder: Path, labelled: LabelledSet) -> Path:
    path = folder / f"{labelled.name}.npz"
    write_labelled_set(path, labelled)
    return path


def write_version(repository: Path, name: str = "blobs", version: int = 1) -> Path:
    """The network as a version with fp32 and bf16; returns its folder."""
    folder = repository / name / str(version)
    (folder / "fp32").mkdir(parents=True)
    ov.save_model(network(), folder / "fp32/model.xml", compress_to_fp16=True)
    files = tuple(model_file(folder, f"fp32/model.{kind}") for kind in ("bin", "xml"))
    shape = (-1, 1, SIDE, SIDE)
    manifest = ModelManifest(
        name=name,
        version=version,
        task="segmentation of squares",
        architecture="four convolutions",
        intended_use="tests",
        inputs=(TensorEntry(name="hu", datatype=Datatype.INT16, shape=shape, meaning="image"),),
        outputs=(
            TensorEntry(name="probability", datatype=Datatype.FP32, shape=shape, meaning="square"),
        ),
        default_variant="fp32",
        variants={
            "fp32": Variant(model="fp32/model.xml", inference_precision="f32", files=files),
            "bf16": Variant(model="fp32/model.xml", inference_precision="bf16", files=files),
        },
    )
    write_manifest(manifest, folder)
    return folder


def calibrated_on(labelled: LabelledSet) -> Any:
    """A rung that takes its ranges from other data than it should."""

    def kind(bench: Workbench, report: Progress) -> Iterator[Candidate]:
        yield next(post_training(Workbench(bench.fp32, labelled), report))

    return kind
