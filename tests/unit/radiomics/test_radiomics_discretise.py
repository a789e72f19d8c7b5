from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from serving.domain.errors import InvalidRequest
from serving.radiomics.imaging.discretise import bins_of, levels_of
from serving.radiomics.imaging.region import Region
from serving.radiomics.settings import Discretisation

INTENSITIES = arrays(np.float64, st.integers(1, 60), elements=st.floats(-3000, 3000, width=32))
NONE = Discretisation(method="none")


def by_number(bins: int) -> Discretisation:
    return Discretisation(method="fixed_bin_number", bins=bins)


def by_size(size: float, lowest: float | None = None) -> Discretisation:
    return Discretisation(method="fixed_bin_size", bin_size=size, lowest=lowest)


@given(INTENSITIES, st.integers(2, 200))
def test_a_fixed_number_of_bins_spans_the_range(intensities: np.ndarray, count: int) -> None:
    bins = bins_of(intensities, by_number(count), None)
    assert bins.levels.min() == 1
    assert bins.levels.max() == bins.count
    assert bins.count == (count if np.ptp(intensities) > 0 else 1)
    order = np.argsort(intensities)
    assert np.all(np.diff(bins.levels[order]) >= 0)


@given(INTENSITIES, st.floats(0.5, 300))
def test_each_intensity_lies_in_its_bin_of_a_fixed_size(
    intensities: np.ndarray, size: float
) -> None:
    bins = bins_of(intensities, by_size(size), -3000.0)
    lower = bins.lowest + (bins.levels - 1) * size
    assert np.all(intensities >= lower - 1e-6)
    assert np.all(intensities < lower + size + 1e-6)
    assert bins.count == bins.levels.max()


def test_the_first_bin_starts_where_the_settings_say_else_the_range_else_the_region() -> None:
    intensities = np.array([10.0, 34.0, 35.0])
    assert bins_of(intensities, by_size(25, lowest=-15), 0.0).levels.tolist() == [2, 2, 3]
    assert bins_of(intensities, by_size(25), 0.0).levels.tolist() == [1, 2, 2]
    assert bins_of(intensities, by_size(25), None).levels.tolist() == [1, 1, 2]


def test_whole_numbers_stand_for_themselves_or_are_shifted_to_one() -> None:
    assert bins_of(np.array([3.0, 7.0]), NONE, None).levels.tolist() == [3, 7]
    assert bins_of(np.array([-4.0, 0.0, 2.0]), NONE, None).levels.tolist() == [1, 5, 7]


@pytest.mark.parametrize(
    ("intensities", "how", "says"),
    [
        ([0.5, 1.0], NONE, "whole numbers"),
        ([-20.0, 5.0], by_size(25, lowest=-10), "starts at -10"),
        ([0.0, 1e9], by_size(25), "larger bins"),
    ],
)
def test_what_cannot_be_binned_is_refused(
    intensities: list[float], how: Discretisation, says: str
) -> None:
    with pytest.raises(InvalidRequest, match=says):
        bins_of(np.array(intensities), how, None)


def test_levels_lie_in_the_box_of_the_region_and_are_zero_where_no_intensity_counts() -> None:
    values = np.arange(60.0).reshape(3, 4, 5)
    morphological = np.zeros(values.shape, dtype=bool)
    morphological[:, 1:, 1:4] = True
    intensity = morphological & (values >= 30)
    intensity[1, 2, 2] = False
    levels = levels_of(Region(values, morphological, intensity, (1, 1, 1)), by_size(10), 30.0)
    assert levels.levels.shape == levels.morphological.shape == (3, 3, 3)
    assert not levels.levels[0].any()
    assert levels.levels[1].tolist() == [[0, 0, 0], [1, 0, 1], [1, 1, 1]]
    assert levels.morphological.all()
    assert (levels.count, levels.lowest, levels.bin_width) == (3, 30.0, 10.0)
