"""From features of many matrices to one value by aggregation method (IBSI 3.6 to 3.11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from serving.radiomics.features.emphases import Emphases
from serving.radiomics.settings import Aggregation

UNDIRECTED: tuple[str, ...] = ("2D", "2_5D", "3D")


def undirected(aggregations: Sequence[Aggregation]) -> Iterator[str]:
    """The methods of families without directions: `2D`, `2_5D`, `3D`, each at most once."""
    wanted = {aggregation.rpartition("_")[0] for aggregation in aggregations}
    return (method for method in UNDIRECTED if method in wanted)


def averaged(values: NDArray[np.float64]) -> float:
    """The mean over matrices; NaN where there is none."""
    return float(values.mean()) if values.size else float("nan")


def tagged(names: Mapping[str, str], values: Emphases, suffix: str) -> dict[str, float]:
    """Means of the named fields; `names` maps a tag without its suffix to a field."""
    return {f"{tag}_{suffix}": averaged(getattr(values, name)) for tag, name in names.items()}
