"""RetinaNet with a ResNet-50 feature pyramid.

Lin, Goyal, Girshick, He and Dollar, "Focal Loss for Dense Object Detection" (arXiv 1708.02002).
The order of layers and anchors is torchvision's, whose published network of 91 classes has
34,014,999 parameters.
"""

import math

from torch import Tensor, nn

from provisioning.zoo.anchors import PER_CELL
from provisioning.zoo.feature_pyramid import WIDTH, FeaturePyramid
from provisioning.zoo.resnet import CHANNELS, ResNet50, freeze_norms

HEAD_LAYERS = 4
PRIOR = 0.01
"""Probability of an object that the classification head starts from (section 3.3)."""


class Head(nn.Module):
    """Four 3x3 convolutions and a last one, the same weights on every level."""

    def __init__(self, outputs: int, bias: float = 0.0) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(HEAD_LAYERS):
            layers += [nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.ReLU(inplace=True)]
        self.body = nn.Sequential(*layers)
        self.last = nn.Conv2d(WIDTH, PER_CELL * outputs, 3, padding=1)
        self.outputs = outputs
        nn.init.constant_(self.last.bias, bias)

    def forward(self, levels: list[Tensor]) -> list[Tensor]:
        """Maps (N, 256, h, w) to rows (N, h * w * 9, outputs), in the order of the anchors."""
        return [self._rows(self.last(self.body(x))) for x in levels]

    def _rows(self, x: Tensor) -> Tensor:
        return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, self.outputs)


class RetinaNet(nn.Module):
    """Normalised images (N, inputs, H, W) to class logits and box offsets of every anchor."""

    def __init__(self, inputs: int = 3, classes: int = 91) -> None:
        super().__init__()
        self.classes = classes
        self.trunk = ResNet50(inputs)
        self.pyramid = FeaturePyramid(CHANNELS[1:])
        self.classify = Head(classes, bias=-math.log((1 - PRIOR) / PRIOR))
        self.regress = Head(4)
        freeze_norms(self.trunk)

    def forward(self, image: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Per level, finest first: logits (N, anchors, classes), offsets (N, anchors, 4)."""
        levels = self.pyramid(self.trunk(image))
        return self.classify(levels), self.regress(levels)
