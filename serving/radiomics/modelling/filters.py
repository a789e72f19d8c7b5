"""Which columns stay: filters that look at no outcome."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serving.domain.errors import InvalidRequest
from serving.domain.volume import Float64
from serving.radiomics.selection.correlation_filter import CorrelationFilter
from serving.radiomics.selection.icc_filter import intraclass_correlation
from serving.radiomics.selection.variance_filter import VarianceFilter

Columns = NDArray[np.int64]


def missing_columns(x: Float64, most_missing: float) -> Columns:
    """Columns with at most the share `most_missing` of NaN, and at least one value.

    Raises InvalidRequest where none is left.
    """
    share = np.isnan(x).mean(axis=0)
    return _some(np.flatnonzero((share <= most_missing) & (share < 1)), "missing values")


def varying_columns(x: Float64, least: float) -> Columns:
    """Columns whose variance is greater than `least`, constants left out.

    Raises InvalidRequest where none is left.
    """
    return np.asarray(VarianceFilter(least).fit(x).get_support(indices=True))


def uncorrelated_columns(x: Float64, limit: float) -> Columns:
    """The first of each set of columns whose absolute Pearson correlation exceeds `limit`."""
    return np.asarray(CorrelationFilter(limit, "pearson").fit(x).get_support(indices=True))


def reliable_columns(raters: Sequence[Float64], least: float) -> Columns:
    """Columns with an ICC(2,1) of at least `least` between delineations.

    `raters` are (cases, features) each; cases without all delineations do not count, nor does
    the outcome. Raises InvalidRequest where fewer than two cases have all, or no column is left.
    """
    ratings = np.stack(raters, axis=1)
    absent = np.asarray(np.isnan(ratings).all(axis=2))
    complete = ratings[~absent.any(axis=1)]
    if len(raters) < 2 or complete.shape[0] < 2:
        raise InvalidRequest(
            "fewer than two training cases were delineated more than once; mark further rows in "
            "the repeat column, or leave out least_icc"
        )
    return _some(np.flatnonzero(intraclass_correlation(complete) >= least), "reliability (ICC)")


def _some(columns: Columns, name: str) -> Columns:
    if columns.size == 0:
        raise InvalidRequest(
            f"no feature passes the filter for {name}; loosen it or give other features"
        )
    return columns
