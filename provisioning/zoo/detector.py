"""A RetinaNet as it is served: grey image in, boxes, scores and labels out, NMS in the graph."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from provisioning.zoo.anchors import image_anchors
from provisioning.zoo.box_coding import clip, decode
from provisioning.zoo.nms import nms
from provisioning.zoo.retinanet import RetinaNet

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
"""Of ImageNet's channels, on a scale of 0 to 1."""


@dataclass(frozen=True)
class Selection:
    """Which of the anchors become answers; the values of torchvision's RetinaNet but the last."""

    score_threshold: float = 0.05
    best_per_level: int = 1000
    iou_threshold: float = 0.5
    answers: int = 100


class Detector(nn.Module):
    """uint8 image (1, 1, H, W) to boxes (n, 4), scores (n,) and labels (n,), n always the same.

    Boxes are x1, y1, x2, y2 in pixels, best score first; labels count from 1. Where fewer than
    n objects are found the rest has score 0, label 0 and an empty box: a fixed count gives the
    Open Inference Protocol one known shape to answer with, and a client drops rows of score 0.
    """

    def __init__(
        self, network: RetinaNet, rows: int, columns: int, selection: Selection | None = None
    ) -> None:
        super().__init__()
        self.network = network
        self.rows, self.columns = rows, columns
        self.selection = selection or Selection()
        for i, anchors in enumerate(image_anchors(rows, columns)):
            self.register_buffer(f"centres_{i}", anchors.centres, persistent=False)
            self.register_buffer(f"sizes_{i}", anchors.sizes, persistent=False)
        self.register_buffer("mean", _channels(MEAN), persistent=False)
        self.register_buffer("deviation", _channels(DEVIATION), persistent=False)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Boxes, scores and labels; see the class for the shapes."""
        boxes, scores, labels = self._candidates(*self.network(self.normalise(image)))
        likely = (scores > self.selection.score_threshold).nonzero().squeeze(1)
        boxes, scores, labels = boxes[likely], scores[likely], labels[likely]
        apart = (labels * (max(self.rows, self.columns) + 1)).to(boxes.dtype).unsqueeze(1)
        kept = nms(boxes + apart, scores, self.selection.iou_threshold)
        return self._fill(boxes[kept]), self._fill(scores[kept]), self._fill(labels[kept] + 1)

    def normalise(self, image: Tensor) -> Tensor:
        """Grey values 0..255 (1, 1, H, W) to three channels as ImageNet's networks expect."""
        return (image.to(torch.float32) / 255 - self.mean) / self.deviation

    def _candidates(
        self, logits: list[Tensor], deltas: list[Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The best of every level: boxes (m, 4) inside the image, scores and classes (m,)."""
        found = [self._level(i, logits[i][0], deltas[i][0]) for i in range(len(logits))]
        boxes, scores, classes = (torch.cat(parts) for parts in zip(*found, strict=True))
        return clip(boxes, self.rows, self.columns), scores, classes

    def _level(self, i: int, logits: Tensor, deltas: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        flat = torch.sigmoid(logits).flatten()
        count = min(self.selection.best_per_level, flat.shape[0])
        scores, at = flat.topk(count)
        anchor = at // self.network.classes
        centres, sizes = self.get_buffer(f"centres_{i}"), self.get_buffer(f"sizes_{i}")
        boxes = decode(deltas[anchor], centres[anchor], sizes[anchor])
        return boxes, scores, at % self.network.classes

    def _fill(self, found: Tensor) -> Tensor:
        """The first `answers` rows, zeros after the last one found."""
        count = self.selection.answers
        padded = functional.pad(found, (0, 0) * (found.dim() - 1) + (0, count))
        return padded[:count]


def _channels(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values).view(1, -1, 1, 1)
