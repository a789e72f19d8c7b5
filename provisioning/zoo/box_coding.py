"""Boxes as offsets from anchors, and back.

Girshick et al., "Rich feature hierarchies" (arXiv 1311.2524), appendix C: (dx, dy, dw, dh) =
((x - xa) / wa, (y - ya) / ha, log(w / wa), log(h / ha)) on centres and sizes.
"""

import math

import torch
from torch import Tensor

LARGEST_GROWTH = math.log(1000 / 16)
"""Bound on dw and dh, so that no exponential overflows."""


def decode(deltas: Tensor, centres: Tensor, sizes: Tensor) -> Tensor:
    """Offsets (n, 4) from anchors' centres and sizes (n, 2) to corners x1, y1, x2, y2."""
    middle = centres + deltas[:, :2] * sizes
    half = sizes * deltas[:, 2:].clamp(max=LARGEST_GROWTH).exp() / 2
    return torch.cat([middle - half, middle + half], dim=1)


def encode(corners: Tensor, centres: Tensor, sizes: Tensor) -> Tensor:
    """The counterpart of `decode`, for boxes of positive width and height."""
    low, high = corners[:, :2], corners[:, 2:]
    moved = ((low + high) / 2 - centres) / sizes
    return torch.cat([moved, ((high - low) / sizes).log()], dim=1)


def clip(corners: Tensor, rows: int, columns: int) -> Tensor:
    """Corners kept inside an image of `rows` by `columns` pixels."""
    x1, y1, x2, y2 = corners.unbind(1)
    across, down = (0.0, float(columns)), (0.0, float(rows))
    kept = [x1.clamp(*across), y1.clamp(*down), x2.clamp(*across), y2.clamp(*down)]
    return torch.stack(kept, dim=1)
