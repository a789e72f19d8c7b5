"""The classification networks of the catalogue, with seeded weights, as they are served."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from provisioning.zoo.entry import smooth_noise
from provisioning.zoo.inception_parts import Classifier
from provisioning.zoo.inception_resnet_v2 import inception_resnet_v2
from provisioning.zoo.inception_v4 import inception_v4
from provisioning.zoo.settle import draw_weights, seeded, settle

SIDE = 299
LOGIT_SPREAD = 2.0
"""Standard deviation of the logits, so that probabilities differ by more than rounding."""


class ServedClassifier(nn.Module):
    """uint8 colour images (N, 3, 299, 299) to class probabilities (N, classes)."""

    def __init__(self, network: Classifier) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        """float32 that sums to 1 over the classes."""
        return torch.softmax(self.network(normalise(image)), dim=1)


def normalise(image: Tensor) -> Tensor:
    """Values 0..255 to float32 -1..1, as both networks were published."""
    return image.to(torch.float32) / 127.5 - 1


def served_inception_v4(seed: int) -> nn.Module:
    """Inception V4 of 1000 classes."""
    return _served(inception_v4, seed)


def served_inception_resnet_v2(seed: int) -> nn.Module:
    """Inception-ResNet V2 of 1000 classes."""
    return _served(inception_resnet_v2, seed)


@torch.no_grad()
def _served(make: Callable[[], Classifier], seed: int) -> nn.Module:
    seeded(seed)
    network = make()
    draw_weights(network)
    images = smooth_noise((2, 3, SIDE, SIDE), (0, 255), np.uint8, seed)
    batch = normalise(torch.from_numpy(images))
    settle(network, batch)
    nn.init.zeros_(network.last.bias)
    network.last.weight.mul_(LOGIT_SPREAD / network(batch).std())
    return ServedClassifier(network).eval()
