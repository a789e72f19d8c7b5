"""What training and export need of a chest CT segmentation network."""

from typing import Protocol

import torch
from torch import Tensor, nn

from provisioning.zoo.hrnet import REFERENCE, HRNet
from provisioning.zoo.nested_unet import NestedUNet


class Segmenter(Protocol):
    """A torch module with one or more heads of logits."""

    def __call__(self, hu: Tensor) -> list[Tensor]:
        """HU (N, 1, H, W) to the logits (N, 1, H, W) of every head, the best one last."""

    def predict(self, hu: Tensor) -> Tensor:
        """The logits of the last head alone."""


SEGMENTERS = ("nested_unet", "hrnet")


def make_segmenter(name: str) -> nn.Module:
    """A fresh reference network by its name in `SEGMENTERS`; a `Segmenter`."""
    return {"nested_unet": NestedUNet, "hrnet": lambda: HRNet(REFERENCE)}[name]()


class Served(nn.Module):
    """What is exported: int16 HU (N, 1, H, W) in, lesion probability of that shape out."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, hu: Tensor) -> Tensor:
        """Probability 0..1, float32, of each pixel belonging to a lesion."""
        return torch.sigmoid(self.network.predict(hu))  # type: ignore[operator]


def parameter_count(network: nn.Module) -> int:
    """Number of trainable scalars."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
