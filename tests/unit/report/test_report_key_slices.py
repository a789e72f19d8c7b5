"""Which slices are shown."""

from __future__ import annotations

import numpy as np
import pytest

from serving.pipelines.report.key_slices import key_slices

LUNG = np.concatenate([np.zeros(10), np.full(80, 500), np.zeros(10)]).astype(np.int64)
ONE_MM = np.arange(100.0)


def lesion(**areas: int) -> np.ndarray:
    area = np.zeros(100, np.int64)
    for name, value in areas.items():
        area[int(name[1:])] = value
    return area


def test_diffuse_disease_is_shown_spread_out_and_with_its_fullest_slice() -> None:
    area = np.clip(60 - np.abs(np.arange(100) - 44), 0, None).astype(np.int64)
    chosen = key_slices(area, LUNG, ONE_MM)
    assert 44 in chosen
    assert 3 <= len(chosen) <= 6
    assert min(np.diff(chosen)) >= 12


def test_a_small_nodule_is_shown_and_joined_by_other_slices() -> None:
    chosen = key_slices(lesion(_50=9), LUNG, ONE_MM)
    assert 50 in chosen
    assert len(chosen) == 3


def test_a_nodule_of_many_slices_gets_three_of_them() -> None:
    area = np.where(np.abs(np.arange(100) - 50) <= 5, 20, 0).astype(np.int64)
    chosen = key_slices(area, LUNG, ONE_MM)
    assert sum(area[i] > 0 for i in chosen) >= 3


def test_without_lesion_slices_are_spread_over_the_lungs() -> None:
    chosen = key_slices(lesion(), LUNG, ONE_MM)
    assert len(chosen) == 6
    assert all(LUNG[i] for i in chosen)
    assert np.ptp(np.diff(chosen)) <= 1


@pytest.mark.parametrize("count", [1, 2, 5])
def test_short_volumes_give_what_they_have(count: int) -> None:
    chosen = key_slices(
        np.zeros(count, np.int64), np.zeros(count, np.int64), np.arange(count * 1.0)
    )
    assert chosen
    assert set(chosen) <= set(range(count))
