"""The drop of a metric between two models and how large it may be in truth.

A paired bootstrap (Efron and Tibshirani 1993, chapter 16): units are drawn with replacement, the
same for both models, and the drop is taken of each draw. The upper bound is one-sided: the 95th
percentile of the drops, so that a true drop at the limit passes one time in twenty. (The 97.5th
would be the upper end of a two-sided interval; nobody is harmed by too small a drop.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from provisioning.quantise.unit_scores import UnitScores, everything
from serving.domain.errors import InvalidRequest

DRAWS = 10_000
SEED = 7
UPPER_PERCENTILE = 95.0
_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Drop:
    """A metric 0..1 of both models, and reference minus variant with its upper 95 % bound."""

    reference: float
    value: float
    drop: float
    upper: float


def paired_drop(
    reference: UnitScores, variant: UnitScores, draws: int = DRAWS, seed: int = SEED
) -> Drop:
    """The drop from `reference` to `variant`, which scored the same units in the same order.

    Draws that leave a metric undefined (no truth drawn) are left out. Raises InvalidRequest where
    the metric is undefined on all units.
    """
    if reference.units != variant.units:
        raise InvalidRequest("the two models were not judged on the same data")
    before, after = everything(reference), everything(variant)
    if not np.isfinite(before - after):
        raise InvalidRequest(
            f"{reference.metric} cannot be computed on this data; give labels of every class"
        )
    drops = _drops(reference, variant, min(draws, reference.most_draws), seed)
    upper = float(np.percentile(drops[np.isfinite(drops)], UPPER_PERCENTILE))
    return Drop(before, after, before - after, upper)


def _drops(
    reference: UnitScores, variant: UnitScores, draws: int, seed: int
) -> NDArray[np.float64]:
    """(draws,) reference minus variant of each resample, some thousand resamples at a time."""
    units = reference.units
    rng = np.random.default_rng(seed)
    shares = np.full(units, 1.0 / units)
    step = max(1, _CELLS // units)
    parts = []
    for at in range(0, draws, step):
        weights = rng.multinomial(units, shares, size=min(step, draws - at))
        parts.append(reference.values(weights) - variant.values(weights))
    return np.concatenate(parts)
