"""Make a network of random weights behave: activations in range, heads at a chosen level.

Untouched, a deep network of random weights overflows or dies out, and an INT8 range taken from
it would say nothing. So the weights are drawn after He et al., "Delving Deep into Rectifiers"
(arXiv 1502.01852), and batch norm's statistics are measured on seeded noise. Its shift is 1
instead of 0: with half of all units at rest, a deep random network amplifies rounding so much
(measured: 4e-4 of a probability in Inception V4, 5e-7 with the shift) that no two runtimes agree.
"""

import torch
from torch import Tensor, nn

SHIFT = 1.0
"""Of batch norm's outputs, in standard deviations: most units pass what they get."""


def seeded(seed: int) -> None:
    """Start torch's global generator anew, so that the layers made next are reproducible."""
    torch.manual_seed(seed)


@torch.no_grad()
def draw_weights(network: nn.Module) -> None:
    """Draw each convolution anew, keeping the variance from layer to layer; shift batch norm."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.constant_(layer.bias, SHIFT)
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
