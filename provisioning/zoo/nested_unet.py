"""Nested U-Net (UNet++) that takes Hounsfield units and gives a probability per pixel.

The architecture is that of Zhou, Siddiquee, Tajbakhsh and Liang, "UNet++: A Nested U-Net
Architecture for Medical Image Segmentation", DLMIA 2018 (arXiv 1807.10165): node (i, j) sits
at depth i, and reads every earlier node of its depth and the upsampled node (i + 1, j - 1).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from provisioning.zoo.hounsfield import window

CHANNELS = (16, 32, 64, 128, 256)


class ConvPair(nn.Sequential):
    """Two 3x3 convolutions, each with batch norm and ReLU: the paper's unit at every node."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


def _upsample(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class NestedUNet(nn.Module):
    """The trainable network: window, nested encoder-decoder, one 1x1 head per decoder column.

    Input (N, 1, H, W) in HU with H and W multiples of 16; output: a list of logits
    (N, 1, H, W), one for each of the columns j = 1..4, the last one being the prediction.
    The earlier heads exist for deep supervision only and are not exported.
    """

    def __init__(self, channels: Sequence[int] = CHANNELS) -> None:
        super().__init__()
        self.depth = len(channels) - 1
        nodes: dict[str, nn.Module] = {}
        for column in range(self.depth + 1):
            for level in range(self.depth + 1 - column):
                nodes[_key(level, column)] = ConvPair(
                    _node_inputs(channels, level, column), channels[level]
                )
        self.nodes = nn.ModuleDict(nodes)
        self.heads = nn.ModuleList(nn.Conv2d(channels[0], 1, 1) for _ in range(self.depth))

    def features(self, hu: Tensor) -> list[Tensor]:
        """The full-resolution nodes (0, 1) .. (0, depth), each (N, channels[0], H, W)."""
        done: dict[str, Tensor] = {}
        for column in range(self.depth + 1):
            for level in range(self.depth + 1 - column):
                done[_key(level, column)] = self._node(done, hu, level, column)
        return [done[_key(0, column)] for column in range(1, self.depth + 1)]

    def forward(self, hu: Tensor) -> list[Tensor]:
        """Logits of every head, coarsest column first; see the class for the shapes."""
        features = self.features(hu)
        return [head(x) for head, x in zip(self.heads, features, strict=True)]

    def predict(self, hu: Tensor) -> Tensor:
        """Logits (N, 1, H, W) of the last head alone."""
        logits: Tensor = self.heads[self.depth - 1](self.features(hu)[-1])
        return logits

    def _node(self, done: dict[str, Tensor], hu: Tensor, level: int, column: int) -> Tensor:
        if column == 0:
            below = done[_key(level - 1, 0)] if level else window(hu)
            x = functional.max_pool2d(below, 2) if level else below
        else:
            skips = [done[_key(level, earlier)] for earlier in range(column)]
            x = torch.cat([*skips, _upsample(done[_key(level + 1, column - 1)])], dim=1)
        out: Tensor = self.nodes[_key(level, column)](x)
        return out


def _key(level: int, column: int) -> str:
    return f"x{level}_{column}"


def _node_inputs(channels: Sequence[int], level: int, column: int) -> int:
    if column == 0:
        return channels[level - 1] if level else 1
    return channels[level] * column + channels[level + 1]
