"""The chest CT networks of the catalogue, with seeded weights, as they are served."""

import numpy as np
import torch
from torch import Tensor, nn

from provisioning.zoo.entry import smooth_noise
from provisioning.zoo.hrnet import W18, HRNet
from provisioning.zoo.nested_unet import NestedUNet
from provisioning.zoo.segmenter import Served
from provisioning.zoo.settle import draw_weights, seeded, settle

WIDE = (32, 64, 128, 256, 512)
HEAD_BIAS = -4.0
"""A probability of 0.018 where nothing speaks for a lesion: an untrained network calls none."""
HEAD_SPREAD = 0.7
"""Keeps the logits within some three of the bias."""


def nested_unet_512(seed: int) -> nn.Module:
    """Nested U-Net 32..512: int16 HU (N, 1, H, W), multiples of 16, to probability."""
    seeded(seed)
    network = NestedUNet(WIDE)
    return _served(network, network.heads[-1], seed)


def hrnet_w18(seed: int) -> nn.Module:
    """HRNet-W18: int16 HU (N, 1, H, W), multiples of 32, to probability."""
    seeded(seed)
    network = HRNet(W18)
    return _served(network, network.head[1], seed)


def _served(network: nn.Module, head: nn.Conv2d, seed: int) -> nn.Module:
    draw_weights(network)
    with torch.no_grad():
        head.weight.mul_(HEAD_SPREAD)
        nn.init.constant_(head.bias, HEAD_BIAS)
    return Served(settle(network, _slices(seed))).eval()


def _slices(seed: int) -> Tensor:
    hu = smooth_noise((2, 1, 256, 256), (-1000, 200), np.int16, seed)
    return torch.from_numpy(hu)
