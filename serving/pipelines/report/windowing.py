"""Grey levels from Hounsfield units."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LUNG_LEVEL_HU = -600.0
LUNG_WIDTH_HU = 1500.0


def lung_window(hu: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8 of the same shape, linear over the lung window (LINEAR_EXACT, PS3.3 C.11.2.1.3.2)."""
    share = (hu.astype(np.float32) - LUNG_LEVEL_HU) / LUNG_WIDTH_HU + 0.5
    return np.asarray(np.clip(share * 255.0 + 0.5, 0, 255), dtype=np.uint8)
