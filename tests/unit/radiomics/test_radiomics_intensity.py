from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from serving.radiomics.features import histogram, local_intensity, statistics, volume_histogram
from serving.radiomics.imaging.discretise import levels_of
from serving.radiomics.imaging.region import Region
from serving.radiomics.settings import Discretisation

NONE = Discretisation(method="none")


def noise(seed: int = 0, spacing_mm: tuple[float, float, float] = (3.0, 1.1, 0.9)) -> Region:
    rng = np.random.default_rng(seed)
    values = np.rint(rng.normal(50, 80, (9, 22, 24)))
    mask = np.zeros(values.shape, dtype=bool)
    mask[1:8, 4:18, 5:20] = rng.random((7, 14, 15)) < 0.6
    return Region(values, mask, mask, spacing_mm)


def flat(value: float) -> Region:
    mask = np.ones((3, 3, 3), dtype=bool)
    return Region(np.full(mask.shape, value), mask, mask, (1.0, 1.0, 1.0))


@pytest.mark.parametrize("spacing_mm", [(3.0, 1.1, 0.9), (7.0, 7.0, 7.0), (1.0, 2.0, 6.1)])
def test_peaks_are_means_over_the_voxels_within_a_sphere(
    spacing_mm: tuple[float, float, float],
) -> None:
    region = noise(2, spacing_mm)
    centres = np.indices(region.values.shape).reshape(3, -1).T * np.array(spacing_mm)
    radius = (3000 / (4 * math.pi)) ** (1 / 3)
    peaks = {
        tuple(place): region.values.ravel()[
            np.linalg.norm(centres - place * np.array(spacing_mm), axis=1) <= radius
        ].mean()
        for place in np.argwhere(region.intensity)
    }
    highest = region.values[region.intensity].max()
    local = max(peak for place, peak in peaks.items() if region.values[place] == highest)
    found = local_intensity.features(region)
    assert found["loc_peak_loc"] == pytest.approx(local)
    assert found["loc_peak_glob"] == pytest.approx(max(peaks.values()))


def test_statistics_are_those_of_scipy() -> None:
    region = noise()
    inside = region.values[region.intensity]
    found = statistics.features(region)
    wanted = {
        "stat_mean": inside.mean(),
        "stat_var": inside.var(),
        "stat_skew": stats.skew(inside),
        "stat_kurt": stats.kurtosis(inside),
        "stat_iqr": stats.iqr(inside),
        "stat_p10": np.percentile(inside, 10),
        "stat_medad": np.abs(inside - np.median(inside)).mean(),
        "stat_energy": (inside**2).sum(),
    }
    assert {tag: found[tag] for tag in wanted} == pytest.approx(wanted)


def test_of_several_modes_the_one_nearest_to_the_mean_counts() -> None:
    values = np.array([[[1.0, 1.0, 4.0, 4.0, 9.0]]])
    mask = np.ones(values.shape, dtype=bool)
    levels = levels_of(Region(values, mask, mask, (1, 1, 1)), NONE)
    assert histogram.features(levels)["ih_mode"] == 4


@pytest.mark.filterwarnings("error")
def test_a_flat_region_has_no_spread_and_only_undefined_ratios_are_nan() -> None:
    found = statistics.features(flat(0.0)) | histogram.features(levels_of(flat(0.0), NONE))
    found |= volume_histogram.features(flat(0.0), NONE)
    undefined = {tag for tag, value in found.items() if math.isnan(value)}
    assert {"stat_cov", "stat_qcod"} <= undefined
    assert all(
        tag.startswith("ivh_") or "_grad" in tag for tag in undefined - {"stat_cov", "stat_qcod"}
    )
    assert found["stat_skew"] == found["ih_kurt"] == found["ih_entropy"] == 0


def test_intensity_fractions_are_shares_of_the_resegmentation_range() -> None:
    values = np.arange(11.0).reshape(1, 1, 11) * 10
    mask = np.ones(values.shape, dtype=bool)
    region = Region(values, mask, mask, (1, 1, 1))
    own = volume_histogram.features(region, NONE)
    wide = volume_histogram.features(region, NONE, (0.0, 1000.0))
    assert own["ivh_v90"] == pytest.approx(2 / 11)
    assert wide["ivh_v90"] == 0
    assert wide["ivh_v10"] == pytest.approx(1 / 11)
    assert volume_histogram.features(region, NONE, (0.0, math.inf)) == own


def test_fractions_without_discretisation_take_a_thousand_bins() -> None:
    region = noise()
    shifted = Region(region.values + 0.25, region.morphological, region.intensity, (1, 1, 1))
    thousand = Discretisation(method="fixed_bin_number", bins=1000)
    found = volume_histogram.features(shifted, NONE)
    assert found == volume_histogram.features(shifted, thousand)
    assert 0 < found["ivh_auc"] < 1
