"""Texture matrices against the plainest way to count, and the regions that are hard to count."""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import distance_transform_cdt, label

from serving.radiomics.features import glcm, gldzm, glrlm, glszm, ngldm, ngtdm
from serving.radiomics.features.count_matrices import CountMatrices, tally
from serving.radiomics.features.glcm import pairs
from serving.radiomics.features.glrlm import runs
from serving.radiomics.features.grid import IN_SPACE, LevelGrid
from serving.radiomics.features.zones import zones
from serving.radiomics.imaging.region import Levels
from serving.radiomics.settings import Aggregation

FAMILIES = (glcm, glrlm, glszm, gldzm, ngtdm, ngldm)
IN_3D: tuple[Aggregation, ...] = ("3D_avg", "3D_comb")
ALL: tuple[Aggregation, ...] = ("2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb", *IN_3D)
GREY = arrays(np.int32, (3, 4, 5), elements=st.integers(0, 3))


def region(grey: np.ndarray) -> Levels:
    grey = np.ascontiguousarray(grey, np.int32)
    return Levels(grey, max(1, int(grey.max())), (1.0, 1.0, 1.0), grey > 0, 1.0, 1.0)


def entries(matrices: CountMatrices, number: int) -> Counter[tuple[int, int]]:
    span = slice(matrices.starts[number], matrices.starts[number + 1])
    rows, columns = matrices.rows[span].tolist(), matrices.columns[span].tolist()
    return Counter(dict(zip(zip(rows, columns, strict=True), matrices.counts[span], strict=True)))


def all_values(grey: np.ndarray, aggregations: tuple[Aggregation, ...] = ALL) -> dict[str, float]:
    values: dict[str, float] = {}
    for family in FAMILIES:
        values |= family.features(region(grey), aggregations)
    return values


@given(GREY)
@settings(max_examples=25, deadline=None)
def test_pairs_and_runs_are_those_found_by_walking(grey: np.ndarray) -> None:
    grid = LevelGrid.of(grey)
    paired, ran = pairs(grid, IN_SPACE, grid.whole), runs(grid, IN_SPACE, grid.whole)
    padded = np.pad(grey, 1)
    for number, step in enumerate(np.array(IN_SPACE)):
        expected_pairs: Counter[tuple[int, int]] = Counter()
        expected_runs: Counter[tuple[int, int]] = Counter()
        for place in np.argwhere(padded):
            here, there = padded[tuple(place)], padded[tuple(place + step)]
            if there:
                expected_pairs[min(here, there), max(here, there)] += 1
            if padded[tuple(place - step)] != here:
                length = 1
                while padded[tuple(place + length * step)] == here:
                    length += 1
                expected_runs[here, length] += 1
        assert entries(paired, number) == expected_pairs
        assert entries(ran, number) == expected_runs


@given(GREY)
@settings(max_examples=25, deadline=None)
def test_zones_and_their_distances_are_scipys(grey: np.ndarray) -> None:
    made = zones(region(grey), flat=False)
    depth = distance_transform_cdt(np.pad(grey > 0, 1), metric="taxicab")[1:-1, 1:-1, 1:-1]
    expected = []
    for level in range(1, int(grey.max()) + 1):
        numbers, count = label(grey == level, np.ones((3, 3, 3)))
        for number in range(1, count + 1):
            zone = numbers == number
            expected.append((level, int(zone.sum()), int(depth[zone].min())))
    found = zip(made.level.tolist(), made.size.tolist(), made.distance.tolist(), strict=True)
    assert sorted(found) == sorted(expected)


def test_distances_are_taken_to_the_morphological_border() -> None:
    grey = np.zeros((7, 7, 7), np.int32)
    grey[3, 3, 3] = 1
    levels = Levels(grey, 1, (1.0, 1.0, 1.0), np.ones((7, 7, 7), bool), 1.0, 1.0)
    assert zones(levels, flat=False).distance.tolist() == [4]


def test_a_hashed_table_counts_as_an_indexed_one() -> None:
    random = np.random.default_rng(1)
    keys = random.integers(0, 500, 4000)
    starts = np.array([0, 1500, 1500, 4000])
    small, large = tally(keys, starts, 1), tally(keys << 30, starts, 1 << 30)
    for number in range(3):
        assert entries(small, number) == entries(large, number)


def test_texture_does_not_change_when_a_region_is_turned_in_space() -> None:
    grey = np.random.default_rng(2).integers(0, 5, (6, 7, 8))
    turned = np.rot90(grey, axes=(0, 2))[:, ::-1]
    values, others = all_values(grey, IN_3D), all_values(turned, IN_3D)
    assert values == pytest.approx(others, rel=1e-12)


def test_thousands_of_levels_need_no_matrix_of_levels_squared() -> None:
    grey = np.random.default_rng(3).permutation(12_000).reshape(20, 20, 30) + 1
    paired = sum(np.prod(grey.shape - np.abs(step)) for step in np.array(IN_SPACE))
    values = all_values(grey, IN_3D)
    assert values["cm_joint_entr_3D_comb"] == pytest.approx(np.log2(2 * paired))
    assert values["szm_z_perc_3D"] == 1.0


@pytest.mark.parametrize("places", [[(0, 0, 0)], [(0, 0, 0), (4, 4, 4)]])
def test_voxels_without_neighbours_give_values_without_warnings(
    places: list[tuple[int, int, int]],
) -> None:
    grey = np.zeros((5, 5, 5), np.int32)
    for level, place in enumerate(places, 1):
        grey[place] = level
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = all_values(grey)
    assert np.isnan(values["cm_joint_max_3D_avg"])
    assert np.isnan(values["ngt_contrast_2D"])
    assert values["rlm_sre_3D_avg"] == values["szm_sze_2D"] == values["ngl_lde_2_5D"] == 1.0


def test_a_region_of_one_level_has_no_correlation_and_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = all_values(np.ones((3, 4, 5), np.int32))
    assert np.isnan(values["cm_corr_3D_avg"])
    assert values["cm_joint_entr_3D_comb"] == 0.0
    assert values["ngt_coarseness_3D"] == 1e6
