"""The window that the chest CT networks apply to Hounsfield units inside their graph."""

import torch
from torch import Tensor

HU_LOW = -1250.0
HU_HIGH = 250.0


def window(hu: Tensor) -> Tensor:
    """Hounsfield units (any shape, any real datatype) to float32 0..1 over -1250..250 HU."""
    return (hu.to(torch.float32).clamp(HU_LOW, HU_HIGH) - HU_LOW) / (HU_HIGH - HU_LOW)
