"""What statistics of intensities and of grey levels have in common (IBSI 3.3 and 3.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Float64


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Order statistics of a sample, linear between neighbouring values."""

    minimum: float
    p10: float
    p25: float
    median: float
    p75: float
    p90: float
    maximum: float


def ratio(numerator: float, denominator: float) -> float:
    """A quotient that is NaN where the denominator is 0."""
    return numerator / denominator if denominator else math.nan


def percentiles(ascending: NDArray[np.float64]) -> Percentiles:
    """Of values sorted in ascending order, at least one."""
    shares = np.array([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]) * (len(ascending) - 1)
    below = np.floor(shares).astype(np.int64)
    above = np.minimum(below + 1, len(ascending) - 1)
    part = shares - below
    return Percentiles(*(ascending[below] * (1 - part) + ascending[above] * part).tolist())


def shared_statistics(ascending: Float64) -> dict[str, float]:
    """The statistics that both families define, by their tags without the family's prefix.

    `ascending` is float64 (voxels,), sorted. Skewness and excess kurtosis of a flat region are 0
    by definition; the coefficients of variation and dispersion are NaN where they divide by 0, and
    so is the robust deviation where no value lies between the outer deciles, as of two.
    Moments are the population's. Source: IBSI 3.3, tags UHIW.
    """
    order = percentiles(ascending)
    mean = float(ascending.mean())
    central = ascending - mean
    squares = central * central
    variance = float(squares.mean())
    flat = order.maximum == order.minimum
    robust = ascending[
        np.searchsorted(ascending, order.p10, "left") : np.searchsorted(
            ascending, order.p90, "right"
        )
    ]
    return {
        "mean": mean,
        "var": variance,
        "skew": 0.0 if flat else float((squares @ central) / len(central)) / variance**1.5,
        "kurt": 0.0 if flat else float((squares @ squares) / len(central)) / variance**2 - 3,
        "median": order.median,
        "min": order.minimum,
        "p10": order.p10,
        "p90": order.p90,
        "max": order.maximum,
        "iqr": order.p75 - order.p25,
        "range": order.maximum - order.minimum,
        "mad": float(np.abs(central).mean()),
        "rmad": float(np.abs(robust - robust.mean()).mean()) if len(robust) else math.nan,
        "medad": float(np.abs(ascending - order.median).mean()),
        "cov": ratio(math.sqrt(variance), mean),
        "qcod": ratio(order.p75 - order.p25, order.p75 + order.p25),
    }
