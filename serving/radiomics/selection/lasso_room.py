"""The memory that the folds' matrices grow in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from serving.radiomics.selection.lasso_folds import FloatArray
from serving.radiomics.selection.lasso_vectors import padded

_SPARE = 64
"""Members beside a support, which has at most as many as there are samples."""


class Room(NamedTuple):
    """One block for all folds: for a large one numpy asks the system for large pages, which come
    many times faster than small ones.
    """

    gram: FloatArray
    """(folds, members, members)."""
    inverse: FloatArray
    """(folds, supporters, padded supporters)."""


def make_room(folds: int, samples: int, features: int) -> Room:
    """Without values yet; memory not used costs nothing."""
    members = min(samples + _SPARE, features)
    supporters = min(samples, features) + 1
    gram, inverse = (members, members), (supporters, padded(supporters))
    block = np.empty((folds, np.prod(gram) + np.prod(inverse)))
    first, second = np.split(block.reshape(-1), [folds * np.prod(gram)])
    return Room(first.reshape(folds, *gram), second.reshape(folds, *inverse))
