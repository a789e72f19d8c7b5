"""Greedy non-maximum suppression, as an operator that the exporters know by name.

torchvision does not import beside a CPU build of torch on every machine. Where it is missing,
an operator with its name and schema is registered here, so that eager torch works and
`torch.export`, the ONNX exporter and OpenVINO's front end all meet `torchvision::nms`. Importing
this module is what registers it, also for loading a `.pt2` that uses it.
"""

import importlib.util

import numpy as np
import torch
from torch import Tensor

QUALIFIED_NAME = "torchvision::nms"


def suppress(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Indices (k,) of the boxes to keep, best score first.

    `boxes` (n, 4) holds corners x1, y1, x2, y2. A box goes when its intersection over union
    with a better one that stayed is above the threshold.
    """
    corners = boxes.detach().numpy().astype(np.float32, copy=False)
    areas = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    left = torch.argsort(scores.detach(), descending=True, stable=True).numpy()
    kept = []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        overlap = _intersection(corners[best], corners[left])
        left = left[overlap <= iou_threshold * (areas[best] + areas[left] - overlap)]
    return torch.from_numpy(np.array(kept, np.int64))


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """`suppress` through the registered operator, so that it can be exported."""
    kept: Tensor = torch.ops.torchvision.nms(boxes, scores, iou_threshold)
    return kept


def _intersection(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    return (high - low).clip(min=0).prod(axis=1)


def _register() -> None:
    torch.library.define(
        QUALIFIED_NAME, "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
    )
    torch.library.impl(QUALIFIED_NAME, "CPU", suppress)

    @torch.library.register_fake(QUALIFIED_NAME)
    def _shape(dets: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
        return dets.new_empty(torch.library.get_ctx().new_dynamic_size(), dtype=torch.int64)


if importlib.util.find_spec("torchvision"):
    importlib.import_module("torchvision")
else:
    _register()
