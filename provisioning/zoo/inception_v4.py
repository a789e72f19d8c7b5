"""Inception V4 for 299x299 images.

Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the Impact of Residual
Connections on Learning" (arXiv 1602.07261), figures 3 to 9. The published network of 1000
classes has 42,679,816 parameters.
"""

from torch import nn

from provisioning.zoo.inception_parts import (
    Beside,
    Classifier,
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
"""The paper keeps 0.8 of the features."""


def inception_v4(inputs: int = 3, classes: int = 1000) -> Classifier:
    """The whole network; it takes images normalised to -1 .. 1."""
    features = nn.Sequential(
        stem(inputs),
        *(block_a() for _ in range(4)),
        reduction_a(),
        *(block_b() for _ in range(7)),
        reduction_b(),
        *(block_c() for _ in range(3)),
    )
    return Classifier(features, FEATURES, classes, DROPOUT)


def stem(inputs: int) -> nn.Sequential:
    """Figure 3: 299x299 to 35x35 of 384 channels."""
    return nn.Sequential(
        chain(inputs, halving(32), valid(32), three(64)),
        Beside(shrunk(), chain(64, halving(96))),
        Beside(
            chain(160, one(64), valid(96)),
            chain(160, one(64), wide(64, 7), tall(64, 7), valid(96)),
        ),
        Beside(chain(192, halving(192)), shrunk()),
    )


def block_a() -> Beside:
    """Figure 4, at 35x35."""
    return Beside(
        chain(384, one(96)),
        chain(384, one(64), three(96)),
        chain(384, one(64), three(96), three(96)),
        pooled(384, 96),
    )


def reduction_a() -> Beside:
    """Figure 7 with k, l, m, n = 192, 224, 256, 384: 35x35 to 17x17."""
    return Beside(
        chain(384, halving(384)),
        chain(384, one(192), three(224), halving(256)),
        shrunk(),
    )


def block_b() -> Beside:
    """Figure 5, at 17x17."""
    return Beside(
        chain(1024, one(384)),
        chain(1024, one(192), wide(224, 7), tall(256, 7)),
        chain(1024, one(192), tall(192, 7), wide(224, 7), tall(224, 7), wide(256, 7)),
        pooled(1024, 128),
    )


def reduction_b() -> Beside:
    """Figure 8: 17x17 to 8x8."""
    return Beside(
        chain(1024, one(192), halving(192)),
        chain(1024, one(256), wide(256, 7), tall(320, 7), halving(320)),
        shrunk(),
    )


def block_c() -> Beside:
    """Figure 6, at 8x8; the two middle branches fork at their end."""
    return Beside(
        chain(FEATURES, one(256)),
        nn.Sequential(chain(FEATURES, one(384)), _fork(384)),
        nn.Sequential(chain(FEATURES, one(384), tall(448, 3), wide(512, 3)), _fork(512)),
        pooled(FEATURES, 256),
    )


def _fork(inputs: int) -> Beside:
    return Beside(chain(inputs, wide(256, 3)), chain(inputs, tall(256, 3)))
