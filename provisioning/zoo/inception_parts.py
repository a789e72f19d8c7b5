"""What both Inception networks are built from: convolutions in chains, chains side by side."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

EPSILON = 0.001
"""Of batch norm, as in the authors' networks."""


@dataclass(frozen=True)
class Layer:
    """A convolution of a chain; `padded` keeps the size, or what the stride makes of it."""

    outputs: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padded: bool = True


def one(outputs: int) -> Layer:
    """1x1."""
    return Layer(outputs)


def three(outputs: int) -> Layer:
    """3x3 that keeps the size."""
    return Layer(outputs, (3, 3))


def valid(outputs: int, stride: int = 1) -> Layer:
    """3x3 without padding ("V" in the paper's figures)."""
    return Layer(outputs, (3, 3), stride, padded=False)


def halving(outputs: int) -> Layer:
    """3x3 of stride 2 without padding."""
    return valid(outputs, 2)


def wide(outputs: int, length: int) -> Layer:
    """1 row by `length` columns."""
    return Layer(outputs, (1, length))


def tall(outputs: int, length: int) -> Layer:
    """`length` rows by 1 column."""
    return Layer(outputs, (length, 1))


def chain(inputs: int, *layers: Layer) -> nn.Sequential:
    """The layers one after the other, each followed by batch norm and ReLU."""
    modules: list[nn.Module] = []
    for layer in layers:
        pad = (layer.kernel[0] // 2, layer.kernel[1] // 2) if layer.padded else 0
        modules += [
            nn.Conv2d(inputs, layer.outputs, layer.kernel, layer.stride, pad, bias=False),
            nn.BatchNorm2d(layer.outputs, eps=EPSILON),
            nn.ReLU(inplace=True),
        ]
        inputs = layer.outputs
    return nn.Sequential(*modules)


def pooled(inputs: int, outputs: int) -> nn.Sequential:
    """Average over 3x3 that leaves the padding out, then 1x1."""
    mean = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    return nn.Sequential(mean, chain(inputs, one(outputs)))


def shrunk() -> nn.MaxPool2d:
    """Maximum over 3x3 at stride 2."""
    return nn.MaxPool2d(3, stride=2)


class Beside(nn.Module):
    """Branches that read the same maps; their outputs joined along the channels."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) to (N, sum of the branches' channels, h', w')."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class Classifier(nn.Module):
    """Features (N, C, h, w), averaged over the image, to class logits (N, classes)."""

    def __init__(self, features: nn.Module, channels: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.features = features
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Linear(channels, classes)

    def forward(self, image: Tensor) -> Tensor:
        """Normalised images (N, inputs, H, W), 299x299 in the paper, to logits."""
        logits: Tensor = self.last(self.dropout(self.features(image).mean((2, 3))))
        return logits
