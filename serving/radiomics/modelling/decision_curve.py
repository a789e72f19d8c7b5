"""Net benefit over thresholds (Vickers & Elkin, Medical Decision Making 2006)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64

THRESHOLDS: Float64 = np.linspace(0.01, 0.99, 99)


@dataclass(frozen=True, slots=True)
class DecisionCurve:
    """Net benefit, in true positives per case, of acting on the model, on all and on none (0)."""

    thresholds: tuple[float, ...]
    model: tuple[float, ...]
    treat_all: tuple[float, ...]


def decision_curve(scores: Float64, positive: NDArray[np.bool_]) -> DecisionCurve:
    """Of `scores`, probabilities (repeats, cases), averaged over repeats."""
    odds = THRESHOLDS / (1 - THRESHOLDS)
    called = scores[:, :, None] >= THRESHOLDS
    hits = (called & positive[:, None]).mean(axis=(0, 1))
    alarms = (called & ~positive[:, None]).mean(axis=(0, 1))
    share = float(positive.mean())
    lines = (THRESHOLDS, hits - alarms * odds, share - (1 - share) * odds)
    return DecisionCurve(*(tuple(map(float, line)) for line in lines))
