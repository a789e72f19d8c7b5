"""What a reader of the results must know about the pixel values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.domain.study import Notice

_AIR_BELOW_HU = -300
_LEAST_AIR = 0.005
"""Share of voxels; lungs, or the air around a patient, fill far more of any chest CT."""

_INVERTED = Notice(
    "inverted_values",
    "The images are labelled MONOCHROME1 and hold inverted values; they were inverted back.",
)
_LOSSY = Notice(
    "lossy_compression",
    "The images were compressed with loss before they came; fine structures and HU may be off.",
)
_NO_AIR = Notice(
    "no_air",
    "The images show hardly any air, which no chest CT in Hounsfield units does; the values may "
    "be wrong.",
)


def value_notices(hu: NDArray[np.int16], *, inverted: bool, lossy: bool) -> tuple[Notice, ...]:
    """Notices about the voxels `hu` (slices, rows, columns)."""
    air = sum(int(np.count_nonzero(one < _AIR_BELOW_HU)) for one in hu)
    found = ((_INVERTED, inverted), (_LOSSY, lossy), (_NO_AIR, air < _LEAST_AIR * hu.size))
    return tuple(notice for notice, holds in found if holds)
