from __future__ import annotations

from itertools import product

import pytest

from serving.domain.finding import Region, Side, Zone
from serving.pipelines.anatomy import anatomy
from serving.pipelines.severity import severity, zone_score


@pytest.mark.parametrize(
    ("percent", "score"),
    [
        (None, 0),
        (0.0, 0),
        (0.001, 1),
        (24.999, 1),
        (25.0, 2),
        (49.999, 2),
        (50.0, 3),
        (74.999, 3),
        (75.0, 4),
        (100.0, 4),
    ],
)
def test_boundaries_of_the_score(percent: float | None, score: int) -> None:
    assert zone_score(percent) == score


def zones(percent: float | None) -> list[Region]:
    return [
        Region(
            side=side,
            zone=zone,
            anatomy=anatomy(side, zone),
            lung_volume_ml=500.0,
            lesion_volume_ml=0.0,
            lesion_percent=percent,
            mean_lung_hu=-850.0,
            mean_lesion_hu=None,
        )
        for side, zone in product(Side, Zone)
    ]


def test_the_whole_range_and_what_it_says_of_itself() -> None:
    assert severity(zones(0.0), complete=True).value == 0
    worst = severity(zones(90.0), complete=True)
    assert (worst.value, worst.maximum) == (24, 24)
    assert worst.per_region["right_upper"] == 4
    assert len(worst.per_region) == 6
    assert "10.1148/radiol.2303030853" in worst.source
    assert "0-25" in worst.method


def test_partial_lungs_are_said_beside_the_score() -> None:
    assert "not in the images" in severity(zones(10.0), complete=False).method
    assert "not in the images, and so" not in severity(zones(10.0), complete=True).method
