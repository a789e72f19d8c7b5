"""Grey level zone sizes (IBSI 3.8): how large connected voxels of one level are."""

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
    "szm_sze": "small",
    "szm_lze": "large",
    "szm_lgze": "low_level",
    "szm_hgze": "high_level",
    "szm_szlge": "small_low",
    "szm_szhge": "small_high",
    "szm_lzlge": "large_low",
    "szm_lzhge": "large_high",
    "szm_glnu": "level_nonuniformity",
    "szm_glnu_norm": "level_nonuniformity_normalised",
    "szm_zsnu": "nonuniformity",
    "szm_zsnu_norm": "nonuniformity_normalised",
    "szm_z_perc": "percentage",
    "szm_gl_var": "level_variance",
    "szm_zs_var": "variance",
    "szm_zs_entr": "entropy",
}
"""Tag without its aggregation, and field of `Emphases`."""


def features(levels: Levels, aggregations: Sequence[Aggregation]) -> dict[str, float]:
    """The 16 features of each of `2D`, `2_5D` and `3D`, by tag (`szm_sze_3D`)."""
    found: dict[str, float] = {}
    for method in undirected(aggregations):
        made = zones(levels, flat=method != "3D")
        by_slice = method == "2D"
        width = int(made.size.max(initial=0)) + 1
        starts = made.slice_starts if by_slice else made.whole
        matrices = tally(made.level * width + made.size, starts, width)
        voxels = made.voxels if by_slice else np.array([made.voxels.sum()])
        found |= tagged(FIELDS, emphases(matrices, voxels), method)
    return found
