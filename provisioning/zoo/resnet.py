"""ResNet-50 as a feature extractor.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition" (arXiv 1512.03385),
table 1; the stride sits on the 3x3 convolution of a unit, as in today's implementations.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

EXPANSION = 4
UNITS = (3, 4, 6, 3)
INNER = (64, 128, 256, 512)
CHANNELS = tuple(inner * EXPANSION for inner in INNER)
"""Channels of C2 to C5."""


class Unit(nn.Module):
    """1x1, 3x3, 1x1 convolutions around a shortcut, projected where shape or stride differ."""

    def __init__(self, inputs: int, inner: int, stride: int) -> None:
        super().__init__()
        outputs = inner * EXPANSION
        self.reduce = _convolution(inputs, inner, 1)
        self.work = _convolution(inner, inner, 3, stride)
        self.expand = _convolution(inner, outputs, 1)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else _convolution(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) to (N, 4 * inner, h / stride, w / stride)."""
        y = functional.relu(self.reduce(x), inplace=True)
        y = functional.relu(self.work(y), inplace=True)
        return functional.relu(self.expand(y) + self.shortcut(x), inplace=True)


class ResNet50(nn.Module):
    """(N, inputs, H, W) to the maps C3, C4, C5 at strides 8, 16 and 32."""

    def __init__(self, inputs: int = 3) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            _convolution(inputs, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, padding=1)
        )
        entries = (64, *CHANNELS[:-1])
        self.stages = nn.ModuleList(
            _stage(entries[i], INNER[i], UNITS[i], 1 if i == 0 else 2) for i in range(len(UNITS))
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Maps of 512, 1024 and 2048 channels, finest first."""
        x = self.stem(x)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps[1:]


def freeze_norms(network: nn.Module) -> None:
    """Take batch norm out of training, as detectors do whose batches are small."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.requires_grad_(False)


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


def _stage(inputs: int, inner: int, units: int, stride: int) -> nn.Sequential:
    rest: Sequence[nn.Module] = [Unit(inner * EXPANSION, inner, 1) for _ in range(units - 1)]
    return nn.Sequential(Unit(inputs, inner, stride), *rest)
