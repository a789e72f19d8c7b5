"""Undecimated wavelets: against PyWavelets, energy, reconstruction, pooling."""

from __future__ import annotations

import math

import numpy as np
import pytest
import pywt

from serving.domain.volume import Float64
from serving.radiomics.filters import responses
from serving.radiomics.imaging.image import Image


def bands_of(values: Float64, name: str) -> dict[str, Float64]:
    """Responses by sub-band."""
    found = responses(Image(values, np.eye(4)), [name])
    return {full.split("_")[2]: response.values for full, response in found}


@pytest.mark.parametrize("family", ["haar", "db2", "db3", "coif1", "sym4", "bior2.2"])
def test_periodic_bands_are_pywavelets_stationary_transform(family: str) -> None:
    values = np.random.default_rng(0).normal(size=(8, 10, 12))
    bands = bands_of(values, f"wavelet_{family}_periodic")
    (expected,) = pywt.swtn(values, family, level=1, axes=(2, 1, 0))
    assert len(bands) == 8
    for band, response in bands.items():
        key = band.replace("L", "a").replace("H", "d")
        np.testing.assert_allclose(response, expected[key], atol=1e-12)


def test_an_image_comes_back_from_its_bands() -> None:
    values = np.random.default_rng(1).normal(size=(8, 6, 10))
    bands = bands_of(values, "wavelet_coif1_periodic")
    coefficients = {
        band.replace("L", "a").replace("H", "d"): response for band, response in bands.items()
    }
    back = pywt.iswtn([coefficients], "coif1", axes=(2, 1, 0))
    np.testing.assert_allclose(back, values, atol=1e-10)


@pytest.mark.parametrize(("dimensions", "gain"), [("", 8), ("_2D", 4)])
def test_bands_of_an_orthogonal_wavelet_share_out_the_energy(dimensions: str, gain: int) -> None:
    values = np.random.default_rng(2).normal(size=(9, 10, 11))
    first = bands_of(values, f"wavelet_db3{dimensions}_periodic")
    assert sum(np.sum(r**2) for r in first.values()) == pytest.approx(gain * np.sum(values**2))
    second = bands_of(values, f"wavelet_db3_level2{dimensions}_periodic")
    low = first["LL" if dimensions else "LLL"]
    assert sum(np.sum(r**2) for r in second.values()) == pytest.approx(gain * np.sum(low**2))


@pytest.mark.parametrize("level", [1, 2, 3])
def test_only_the_low_pass_lets_a_constant_through(level: int) -> None:
    bands = bands_of(np.full((6, 6, 6), 5.0), f"wavelet_coif1_level{level}")
    for band, response in bands.items():
        expected = 5.0 * 2 ** (1.5 * level) if band == "LLL" else 0.0
        np.testing.assert_allclose(response, expected, atol=1e-9)


def test_letters_stand_for_columns_rows_and_slices() -> None:
    ramp = np.broadcast_to(np.arange(12.0), (12, 12, 12))
    answers = {
        band: np.abs(response[4:8, 4:8, 4:8]).max() > 1e-9
        for band, response in bands_of(ramp, "wavelet_haar").items()
    }
    assert {band for band, answered in answers.items() if answered} == {"LLL", "HLL"}


def test_the_second_level_of_haar_compares_pairs_two_apart() -> None:
    impulse = np.zeros((1, 1, 9))
    impulse[0, 0, 4] = 1.0
    response = bands_of(impulse, "wavelet_haar_HL_level2_2D_nearest")["HL"][0, 0]
    # Low pass (1, 1) / sqrt 2, then high pass (-1, 0, 1) / sqrt 2; rows give 2 in all.
    assert response.tolist() == pytest.approx([0, -1, -1, 1, 1, 0, 0, 0, 0])


@pytest.mark.parametrize("level", ["", "_level2"])
def test_pooled_bands_turn_with_the_image(level: str) -> None:
    values = np.random.default_rng(3).normal(size=(8, 9, 10))
    name = f"wavelet_coif1_LLH{level}_rotmean"
    (response,) = bands_of(values, name).values()
    for axes in ((0, 1), (0, 2), (1, 2)):
        (turned,) = bands_of(np.rot90(values, axes=axes), name).values()
        np.testing.assert_allclose(turned, np.rot90(response, axes=axes), atol=1e-12)
        (single,) = bands_of(np.rot90(values, axes=axes), "wavelet_coif1_LLH").values()
        assert not np.allclose(
            single, np.rot90(bands_of(values, "wavelet_coif1_LLH")["LLH"], axes=axes)
        )


def test_haars_pooled_maximum_is_that_of_the_eight_corners() -> None:
    # Haar's high pass in all axes, turned by 24 rotations: each voxel with any of its corners.
    impulse = np.zeros((5, 5, 5))
    impulse[2, 2, 2] = 1.0
    (response,) = bands_of(impulse, "wavelet_haar_HHH_rotmax_zero").values()
    assert response[2, 2, 2] == pytest.approx(math.sqrt(0.5) ** 3)
    assert response[1, 1, 1] == pytest.approx(response[3, 3, 3])
    assert response[0, 2, 2] == 0.0
