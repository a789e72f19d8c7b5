"""How alike the features are that different training folds select."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from serving.radiomics.modelling.interval import Interval


@dataclass(frozen=True, slots=True)
class Frequency:
    """In which share of the fits a feature was selected."""

    feature: str
    share: float


@dataclass(frozen=True, slots=True)
class Stability:
    """`index` is 1 where all fits select the same and some 0 where they select at random.

    None where it is not defined: fewer than two fits, nothing or everything selected.
    """

    index: Interval | None
    fits: int
    frequencies: tuple[Frequency, ...]
    """Features selected at least once, most frequent first."""
    mean_selected: float


def stability(
    selections: Sequence[NDArray[np.int64]], names: Sequence[str], confidence: float
) -> Stability:
    """Of the columns that each fit selected among `names`."""
    chosen = np.zeros((len(selections), len(names)), dtype=bool)
    for row, columns in enumerate(selections):
        chosen[row, columns] = True
    share = chosen.mean(axis=0)
    order = [column for column in np.argsort(-share, kind="stable") if share[column] > 0]
    return Stability(
        nogueira(chosen, confidence),
        len(selections),
        tuple(Frequency(names[column], float(share[column])) for column in order),
        float(chosen.sum(axis=1).mean()),
    )


def nogueira(chosen: NDArray[np.bool_], confidence: float) -> Interval | None:
    """The index of Nogueira, Sechidis & Brown (JMLR 2018, eq. 4) with its interval (theorem 7).

    `chosen` is (fits, features).
    """
    fits, features = chosen.shape
    share = chosen.mean(axis=0)
    size = float(share.sum())
    if fits < 2 or size in (0.0, float(features)):
        return None
    scale = size / features * (1 - size / features)
    index = 1 - float((fits / (fits - 1) * share * (1 - share)).mean()) / scale
    each = chosen.sum(axis=1)
    first = (chosen * share).mean(axis=1) - each * size / features**2
    second = (2 * size * each / features**2 - each / features - size / features + 1) * index / 2
    influence = (first + second) / scale
    variance = 4 / fits**2 * float(((influence - influence.mean()) ** 2).sum())
    half = float(norm.ppf(0.5 + confidence / 2)) * variance**0.5
    return Interval(index, index - half, min(1.0, index + half))
