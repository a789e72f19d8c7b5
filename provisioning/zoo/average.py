"""Averaged weights: a smoother network than the last step's, at no cost in serving."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


@torch.no_grad()
def blend(average: nn.Module, current: nn.Module, decay: float) -> None:
    """Move each weight of `average` towards `current`: a <- decay * a + (1 - decay) * c."""
    for old, new in zip(average.parameters(), current.parameters(), strict=True):
        old.lerp_(new, 1 - decay)


def warm_decay(step: int, decay: float) -> float:
    """Decay that grows with the step count, so that early averages forget the random start."""
    return min(decay, (1 + step) / (10 + step))


@torch.no_grad()
def settle_batch_norm(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Measure the batch-norm statistics of `network` anew, as the mean over `batches`.

    Averaged weights never saw a batch, so statistics gathered by other weights do not fit
    them. The batches must be drawn as in training: the weights were fitted to its crops.
    """
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    network.train()
    for hu in batches:
        with torch.autocast("cpu", torch.bfloat16):
            network(hu)
    network.eval()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
