"""Grey level distance zones (IBSI 3.9): how far zones lie from the border."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serving.radiomics.features.aggregation import tagged, undirected
from serving.radiomics.features.count_matrices import tally
from serving.radiomics.features.emphases import emphases
from serving.radiomics.features.zones import zones
from serving.radiomics.imaging.region import Levels
from serving.radiomics.settings import Aggregation

FIELDS = {
    "dzm_sde": "small",
    "dzm_lde": "large",
    "dzm_lgze": "low_level",
    "dzm_hgze": "high_level",
    "dzm_sdlge": "small_low",
    "dzm_sdhge": "small_high",
    "dzm_ldlge": "large_low",
    "dzm_ldhge": "large_high",
    "dzm_glnu": "level_nonuniformity",
    "dzm_glnu_norm": "level_nonuniformity_normalised",
    "dzm_zdnu": "nonuniformity",
    "dzm_zdnu_norm": "nonuniformity_normalised",
    "dzm_z_perc": "percentage",
    "dzm_gl_var": "level_variance",
    "dzm_zd_var": "variance",
    "dzm_zd_entr": "entropy",
}
"""Tag without its aggregation, and field of `Emphases`."""


def features(levels: Levels, aggregations: Sequence[Aggregation]) -> dict[str, float]:
    """The 16 features of each of `2D`, `2_5D` and `3D`, by tag (`dzm_sde_3D`)."""
    found: dict[str, float] = {}
    for method in undirected(aggregations):
        made = zones(levels, flat=method != "3D")
        by_slice = method == "2D"
        width = int(made.distance.max(initial=0)) + 1
        starts = made.slice_starts if by_slice else made.whole
        matrices = tally(made.level * width + made.distance, starts, width)
        voxels = made.voxels if by_slice else np.array([made.voxels.sum()])
        found |= tagged(FIELDS, emphases(matrices, voxels), method)
    return found
