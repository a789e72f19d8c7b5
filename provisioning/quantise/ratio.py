"""Division that says what nothing divided by nothing is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def ratio(
    above: NDArray[np.float64], below: NDArray[np.float64], undefined: float = np.nan
) -> NDArray[np.float64]:
    """`above / below` of one shape, `undefined` where `below` is not positive."""
    found = np.full(below.shape, undefined)
    np.divide(above, below, out=found, where=below > 0)
    return found
