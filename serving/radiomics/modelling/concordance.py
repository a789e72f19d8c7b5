"""Harrell's concordance of risks with times to event."""

from __future__ import annotations

from lifelines.utils import concordance_index

from serving.domain.volume import Float64
from serving.radiomics.modelling.outcome import Survival


def concordance(scores: Float64, outcome: Survival) -> float:
    """Share of comparable pairs in which the higher score has the earlier event; ties half.

    (Harrell et al., JAMA 1982.) NaN where no pair can be compared.
    """
    try:
        return float(concordance_index(outcome.time, -scores, outcome.event))
    except ZeroDivisionError:
        return float("nan")
