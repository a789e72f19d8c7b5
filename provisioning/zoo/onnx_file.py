"""A network as ONNX, made by torch's exporter from the same traced graph as the `.pt2`."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnxruntime
import torch
from numpy.typing import NDArray
from onnxscript import opset18
from torch.export import ExportedProgram

from provisioning.zoo import nms
from provisioning.zoo.entry import ZooEntry

OPSET = 18
EVERY_BOX = 2**31 - 1
BOX_COLUMN = 2
"""ONNX answers (batch, class, box) for each box kept."""


def write_onnx(entry: ZooEntry, program: ExportedProgram, path: Path) -> None:
    """Writes `path` in one file with its weights, dynamic dimensions named as in the entry."""
    with _quiet():
        made = torch.onnx.export(
            program,
            dynamo=True,
            opset_version=OPSET,
            input_names=[entry.input.name],
            output_names=list(entry.outputs),
            custom_translation_table=_translations(),
            external_data=False,
            verbose=False,
        )
        made.save(path, external_data=False)


def run_onnx(path: Path, inputs: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """onnxruntime's outputs, in the order of the graph."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return list(session.run(None, inputs))


def _suppression(dets: Any, scores: Any, iou_threshold: float) -> Any:
    """`torchvision::nms` in ONNX: one image, one class, corners."""
    boxes = opset18.Unsqueeze(dets, opset18.Constant(value_ints=[0]))
    by_class = opset18.Unsqueeze(scores, opset18.Constant(value_ints=[0, 1]))
    most = opset18.Constant(value_int=EVERY_BOX)
    limit = opset18.Constant(value_float=iou_threshold)
    kept = opset18.NonMaxSuppression(boxes, by_class, most, limit)
    return opset18.Gather(kept, opset18.Constant(value_int=BOX_COLUMN), axis=1)


def _translations() -> dict[Callable[..., Any], Callable[..., Any]]:
    operator = torch.ops.torchvision.nms.default
    assert operator.name() == nms.QUALIFIED_NAME, "importing nms registers the operator"
    return {operator: _suppression}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's notes that torchvision is missing, which is no loss here."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        logger.setLevel(level)
