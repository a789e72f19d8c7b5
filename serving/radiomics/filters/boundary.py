"""What lies beyond the border of an image (IBSI-2 section 2, tag GBYQ)."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Boundary = Literal["zero", "nearest", "periodic", "mirror"]
BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)
OUTSIDE = -1
"""Stands in `sources` for a voxel that is zero."""


def sources(length: int, margin: int, boundary: Boundary) -> NDArray[np.int64]:
    """Say which voxel of a line stands in each place of the line extended on both sides.

    Returns int64 (length + 2 * margin): indices into the line, or `OUTSIDE`. A mirror repeats the
    border voxel itself (`c b a | a b c | c b a`), as the reference response maps of IBSI-2 do.
    """
    line = np.arange(length, dtype=np.int64)
    match boundary:
        case "zero":
            return np.pad(line, margin, mode="constant", constant_values=OUTSIDE)
        case "nearest":
            return np.pad(line, margin, mode="edge")
        case "periodic":
            return np.pad(line, margin, mode="wrap")
        case "mirror":
            return np.pad(line, margin, mode="symmetric")
