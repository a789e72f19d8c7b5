"""Whether the images hold the whole of both lungs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.domain.finding import Coverage
from serving.domain.volume import Geometry
from serving.pipelines.orientation import Orientation

_CUT_AREA_MM2 = 100.0
"""Lung this large in an end slice goes on beyond it."""
_END_MM = 3.0
"""Slices this near to an end of the scan count as its end: a partial last slice hides lung."""

_WHOLE = "Both lungs are in the images from apex to base."
_APEX = "The upper end of the lungs is not in the images"
_BASE = "The lower end of the lungs is not in the images"
_BOTH = "Neither the upper nor the lower end of the lungs is in the images"
_HENCE = ": volumes, per cents and scores describe only the part that was scanned."


def lung_coverage(lungs: NDArray[np.uint8], geometry: Geometry) -> Coverage:
    """Coverage of lung labels on the source grid, judged at the ends of the scan.

    An end is missing where lung of 1 cm2 or more lies in the last 3 mm of the scan towards it.
    """
    orientation = Orientation.of(geometry)
    canonical = orientation.to_canonical(lungs) > 0
    spacing = orientation.spacing_mm
    areas_mm2 = canonical.sum(axis=(1, 2)) * spacing[1] * spacing[2]
    last = max(1, round(_END_MM / spacing[0]))
    base = bool((areas_mm2[:last] < _CUT_AREA_MM2).all())
    apex = bool((areas_mm2[-last:] < _CUT_AREA_MM2).all())
    return Coverage(
        complete=apex and base, apex_seen=apex, base_seen=base, sentence=_sentence(apex, base)
    )


def _sentence(apex: bool, base: bool) -> str:
    if apex and base:
        return _WHOLE
    if not apex and not base:
        return _BOTH + _HENCE
    return (_BASE if apex else _APEX) + _HENCE
