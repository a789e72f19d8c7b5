"""What the training minimises, and what it is judged by."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

EARLY_HEAD_WEIGHT = 0.3
"""Weight of each deep-supervision head beside the last head's 1."""


def segmentation_loss(logits: Sequence[Tensor], mask: Tensor) -> Tensor:
    """Binary cross entropy plus soft Dice, over every head (last one weight 1).

    `logits` and `mask` are (N, 1, h, w); Dice is pooled over the batch, so that slices
    without a lesion neither divide by zero nor dominate.
    """
    weights = [EARLY_HEAD_WEIGHT] * (len(logits) - 1) + [1.0]
    terms = [w * _head_loss(x.float(), mask) for w, x in zip(weights, logits, strict=True)]
    return torch.stack(terms).sum() / sum(weights)


def _head_loss(logit: Tensor, mask: Tensor) -> Tensor:
    probability = torch.sigmoid(logit)
    overlap = (probability * mask).sum()
    dice = (2 * overlap + 1) / (probability.sum() + mask.sum() + 1)
    return functional.binary_cross_entropy_with_logits(logit, mask) + 1 - dice


@dataclass(frozen=True)
class Score:
    """Voxel counts pooled over a volume: true lesion, called lesion, and both."""

    true: int
    called: int
    both: int

    @property
    def dice(self) -> float:
        """Pooled Dice, 0..1; 1 where nothing is marked and nothing called."""
        total = self.true + self.called
        return 2 * self.both / total if total else 1.0

    @property
    def volume_error(self) -> float:
        """Relative error of the lesion volume, (called - true) / true; NaN without lesion."""
        return (self.called - self.true) / self.true if self.true else float("nan")


def score(called: NDArray[np.bool_], true: NDArray[np.bool_]) -> Score:
    """Compare two masks of one shape."""
    return Score(int(true.sum()), int(called.sum()), int((called & true).sum()))
