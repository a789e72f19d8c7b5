"""Inception-ResNet V2 for 299x299 images.

Szegedy, Ioffe, Vanhoucke and Alemi (arXiv 1602.07261), figures 16 to 19, with the stem and the
widths of the weights that the authors released (TF-Slim), which differ from the paper's figure 3:
that network of 1000 classes is the published one of 55,843,464 parameters.
"""

from torch import Tensor, nn
from torch.nn import functional

from provisioning.zoo.inception_parts import (
    Beside,
    Classifier,
    Layer,
    chain,
    halving,
    one,
    pooled,
    shrunk,
    tall,
    three,
    valid,
    wide,
)

FEATURES = 1536
DROPOUT = 0.2
MAPS_A, MAPS_B, MAPS_C = 320, 1088, 2080
"""Channels at 35x35, 17x17 and 8x8."""


class Residual(nn.Module):
    """Branches, a linear 1x1 convolution back to the width, scaled and added (section 3.3)."""

    def __init__(self, width: int, inner: int, scale: float, relu: bool, *branches: nn.Module):
        super().__init__()
        self.branches = Beside(*branches)
        self.back = nn.Conv2d(inner, width, 1)
        self.scale = scale
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, h, w) to the same shape."""
        y = x + self.scale * self.back(self.branches(x))
        return functional.relu(y) if self.relu else y


def inception_resnet_v2(inputs: int = 3, classes: int = 1000) -> Classifier:
    """The whole network; it takes images normalised to -1 .. 1."""
    features = nn.Sequential(
        stem(inputs),
        *(block_a() for _ in range(10)),
        reduction_a(),
        *(block_b() for _ in range(20)),
        reduction_b(),
        *(block_c(0.2) for _ in range(9)),
        block_c(1.0, relu=False),
        chain(MAPS_C, one(FEATURES)),
    )
    return Classifier(features, FEATURES, classes, DROPOUT)


def stem(inputs: int) -> nn.Sequential:
    """299x299 to 35x35 of 320 channels."""
    return nn.Sequential(
        chain(inputs, halving(32), valid(32), three(64)),
        shrunk(),
        chain(64, one(80), valid(192)),
        shrunk(),
        Beside(
            chain(192, one(96)),
            chain(192, one(48), Layer(64, (5, 5))),
            chain(192, one(64), three(96), three(96)),
            pooled(192, 64),
        ),
    )


def block_a() -> Residual:
    """Figure 16, at 35x35."""
    return Residual(
        MAPS_A, 128, 0.17, True,
        chain(MAPS_A, one(32)),
        chain(MAPS_A, one(32), three(32)),
        chain(MAPS_A, one(32), three(48), three(64)),
    )  # fmt: skip


def reduction_a() -> Beside:
    """Figure 7 with k, l, m, n = 256, 256, 384, 384: 35x35 to 17x17."""
    return Beside(
        chain(MAPS_A, halving(384)),
        chain(MAPS_A, one(256), three(256), halving(384)),
        shrunk(),
    )


def block_b() -> Residual:
    """Figure 17, at 17x17."""
    return Residual(
        MAPS_B, 384, 0.1, True,
        chain(MAPS_B, one(192)),
        chain(MAPS_B, one(128), wide(160, 7), tall(192, 7)),
    )  # fmt: skip


def reduction_b() -> Beside:
    """Figure 18: 17x17 to 8x8."""
    return Beside(
        chain(MAPS_B, one(256), halving(384)),
        chain(MAPS_B, one(256), halving(288)),
        chain(MAPS_B, one(256), three(288), halving(320)),
        shrunk(),
    )


def block_c(scale: float, relu: bool = True) -> Residual:
    """Figure 19, at 8x8."""
    return Residual(
        MAPS_C, 448, scale, relu,
        chain(MAPS_C, one(192)),
        chain(MAPS_C, one(192), wide(224, 3), tall(256, 3)),
    )  # fmt: skip
