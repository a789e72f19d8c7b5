"""A published CT severity score that six lung zones allow."""

from __future__ import annotations

from collections.abc import Sequence

from serving.domain.finding import Region, Severity

MAXIMUM = 24
_STEPS_PERCENT = (25.0, 50.0, 75.0)

SOURCE = (
    "Ooi GC, Khong PL, Müller NL, et al. Severe acute respiratory syndrome: temporal lung changes "
    "at thin-section CT in 30 patients. Radiology 2004;230(3):836-844. "
    "doi:10.1148/radiol.2303030853"
)
METHOD = (
    "Each of six zones (upper, middle, lower; right, left) scores by the share of its volume that "
    "the model calls lesion: 0 none, 1 under 25 %, 2 from 25 %, 3 from 50 %, 4 from 75 %; the sum "
    "is 0 to 24. It differs from the source in that zones are thirds of the height of the lungs in "
    "the images, not cut at the carina and the inferior pulmonary vein, and in that shares are "
    "measured by software, not judged by radiologists. It is not the 0-25 score of five lobes "
    "(Pan et al., Radiology 2020;295:715-721): lobes are not told apart here."
)


def zone_score(lesion_percent: float | None) -> int:
    """0..4 for one zone's share of lesion in per cent; a zone without lung scores 0."""
    if not lesion_percent:
        return 0
    return 1 + sum(lesion_percent >= step for step in _STEPS_PERCENT)


def severity(zones: Sequence[Region], *, complete: bool) -> Severity:
    """The six-zone CT score of Ooi et al. over the six zones of both lungs."""
    per_region = {
        f"{zone.side.value}_{zone.zone.value}": zone_score(zone.lesion_percent)
        for zone in zones
        if zone.side and zone.zone
    }
    caveat = "" if complete else " Part of the lungs is not in the images, and so not in the score."
    return Severity(
        name="Six-zone CT score (0-24)",
        value=sum(per_region.values()),
        maximum=MAXIMUM,
        per_region=per_region,
        source=SOURCE,
        method=METHOD + caveat,
    )
