"""Make a network of random weights behave: activations in range, heads at a chosen level.

Untouched, a deep network of random weights overflows or dies out, and an INT8 range taken from
it would say nothing. So the weights are drawn after He et al., "Delving Deep into Rectifiers"
(arXiv 1502.01852), and batch norm's statistics are measured on seeded noise.
"""

import torch
from torch import Tensor, nn


def seeded(seed: int) -> None:
    """Start torch's global generator anew, so that the layers made next are reproducible."""
    torch.manual_seed(seed)


@torch.no_grad()
def draw_convolutions(network: nn.Module) -> None:
    """Draw each convolution's weights anew, keeping the variance from layer to layer."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


@torch.no_grad()
def settle(network: nn.Module, batch: Tensor) -> nn.Module:
    """Measure batch norm's statistics on one batch; returns the network in eval mode."""
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    network.train()
    network(batch)
    return network.eval()
