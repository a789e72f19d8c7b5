"""HRNet for segmentation: parallel branches of several resolutions, fused again and again.

The architecture is HRNetV2 of Wang et al., "Deep High-Resolution Representation Learning for
Visual Recognition", TPAMI 2020 (arXiv 1908.07919): branch i runs at 1 / 2^i of the stem's
resolution with `width * 2^i` channels; a module runs residual units on every branch and then
adds each branch, resampled, into each other one; the head reads all branches at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from provisioning.zoo.hounsfield import window

EXPANSION = 4
"""Outputs of a bottleneck unit over its inner channels."""


@dataclass(frozen=True)
class HRNetSpec:
    """Size of a network: counts as in the paper's tables, strides of the stem's two layers."""

    stem_channels: int = 64
    stem_strides: tuple[int, int] = (2, 2)
    first_channels: int = 64
    first_units: int = 4
    width: int = 18
    units: int = 4
    modules: tuple[int, int, int] = (1, 4, 3)

    def channels(self, branches: int) -> tuple[int, ...]:
        """Channels of the first `branches` branches, finest first."""
        return tuple(self.width * 2**i for i in range(branches))


W18 = HRNetSpec()
W18_SMALL = HRNetSpec(first_channels=32, first_units=1, width=16, units=2, modules=(1, 1, 1))
"""The published HRNetV2-W18-Small-v1."""

REFERENCE = HRNetSpec(
    stem_strides=(2, 1), first_channels=32, first_units=1, width=16, units=2, modules=(1, 1, 1)
)
"""W18-Small-v1 with one halving fewer, because the slices it sees have 256 pixels a side."""


class ConvNorm(nn.Sequential):
    """A convolution that keeps the size (or divides it by `stride`), batch norm, maybe ReLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, relu: bool = True
    ) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        super().__init__(*layers, *([nn.ReLU(inplace=True)] if relu else []))


class Basic(nn.Module):
    """Two 3x3 convolutions around an identity shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            ConvNorm(channels, channels), ConvNorm(channels, channels, relu=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, h, w) to the same shape."""
        return functional.relu(self.body(x) + x, inplace=True)


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions around a shortcut that is projected where widths differ."""

    def __init__(self, inputs: int, inner: int) -> None:
        super().__init__()
        outputs = inner * EXPANSION
        self.body = nn.Sequential(
            ConvNorm(inputs, inner, 1),
            ConvNorm(inner, inner),
            ConvNorm(inner, outputs, 1, relu=False),
        )
        same = inputs == outputs
        self.shortcut = nn.Identity() if same else ConvNorm(inputs, outputs, 1, relu=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) to (N, 4 * inner, h, w)."""
        return functional.relu(self.body(x) + self.shortcut(x), inplace=True)


class Exchange(nn.Module):
    """Every branch becomes the sum of all, each resampled to its resolution and width."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.paths = nn.ModuleList(
            nn.ModuleList(_path(channels, source, target) for source in range(len(channels)))
            for target in range(len(channels))
        )

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        """A list of (N, channels[i], h / 2^i, w / 2^i), finest first, to the same shapes."""
        return [self._gather(paths, branches, i) for i, paths in enumerate(self.paths)]

    def _gather(self, paths: nn.Module, branches: list[Tensor], target: int) -> Tensor:
        total = branches[target]
        for source, path in enumerate(paths.children()):
            if source != target:
                total = total + _fit(path(branches[source]), branches[target])
        return functional.relu(total)


class Module(nn.Module):
    """Residual units on each branch, then one exchange between the branches."""

    def __init__(self, channels: Sequence[int], units: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(*(Basic(count) for _ in range(units))) for count in channels
        )
        self.exchange = Exchange(channels)

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        """Shapes as in `Exchange.forward`."""
        worked = [units(x) for units, x in zip(self.branches, branches, strict=True)]
        exchanged: list[Tensor] = self.exchange(worked)
        return exchanged


class HRNet(nn.Module):
    """The trainable network: (N, inputs, H, W), H and W multiples of 32, to class logits.

    With `inputs=1` it takes Hounsfield units and applies the window itself. `forward` gives a
    list of one tensor (N, classes, H, W), as deep supervision wants it; `predict` the tensor.
    """

    def __init__(self, spec: HRNetSpec = W18, inputs: int = 1, classes: int = 1) -> None:
        super().__init__()
        self.takes_hu = inputs == 1
        first, second = spec.stem_strides
        self.stem = nn.Sequential(
            ConvNorm(inputs, spec.stem_channels, stride=first),
            ConvNorm(spec.stem_channels, spec.stem_channels, stride=second),
        )
        inner, outputs = spec.first_channels, spec.first_channels * EXPANSION
        rest = (Bottleneck(outputs, inner) for _ in range(spec.first_units - 1))
        self.first = nn.Sequential(Bottleneck(spec.stem_channels, inner), *rest)
        self.enter = ConvNorm(outputs, spec.width)
        self.opens = nn.ModuleList(
            ConvNorm(outputs if not i else spec.width * 2**i, spec.width * 2 ** (i + 1), stride=2)
            for i in range(len(spec.modules))
        )
        self.stages = nn.ModuleList(
            nn.Sequential(*(Module(spec.channels(i + 2), spec.units) for _ in range(count)))
            for i, count in enumerate(spec.modules)
        )
        total = sum(spec.channels(len(spec.modules) + 1))
        self.head = nn.Sequential(_biased(total, total), nn.Conv2d(total, classes, 1))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Logits in a list of one; see the class for the shapes."""
        return [self.predict(x)]

    def predict(self, x: Tensor) -> Tensor:
        """Class logits (N, classes, H, W)."""
        branches = self._branches(window(x) if self.takes_hu else x)
        joined = torch.cat([_fit(branch, branches[0]) for branch in branches], dim=1)
        return _resize(self.head(joined), (x.shape[-2], x.shape[-1]))

    def _branches(self, x: Tensor) -> list[Tensor]:
        x = self.first(self.stem(x))
        branches, coarsest = [self.enter(x)], x
        for opens, stage in zip(self.opens, self.stages, strict=True):
            branches = stage([*branches, opens(coarsest)])
            coarsest = branches[-1]
        return branches


def _path(channels: Sequence[int], source: int, target: int) -> nn.Module:
    """What branch `source` goes through before it is resized and added to branch `target`."""
    if source == target:
        return nn.Identity()
    if source > target:
        return ConvNorm(channels[source], channels[target], 1, relu=False)
    halvings = target - source
    keep = (ConvNorm(channels[source], channels[source], stride=2) for _ in range(halvings - 1))
    return nn.Sequential(*keep, ConvNorm(channels[source], channels[target], stride=2, relu=False))


def _biased(inputs: int, outputs: int) -> nn.Sequential:
    """The head's 1x1 layer, whose convolution has a bias in the authors' networks."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def _fit(x: Tensor, like: Tensor) -> Tensor:
    """`x` resized to the height and width of `like`; itself where they agree."""
    if x.shape[-2:] == like.shape[-2:]:
        return x
    return _resize(x, (like.shape[-2], like.shape[-1]))


def _resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    return functional.interpolate(x, size=size, mode="bilinear", align_corners=False)
