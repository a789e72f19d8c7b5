"""Names of filters: what they mean, and how mistakes are told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.domain.errors import InvalidRequest
from serving.radiomics.filters import parse, responses, support_voxels
from serving.radiomics.filters.gabor import Gabor
from serving.radiomics.filters.laplacian import LaplacianOfGaussian
from serving.radiomics.filters.laws import Laws
from serving.radiomics.filters.mean import Mean
from serving.radiomics.filters.riesz import Riesz
from serving.radiomics.filters.simoncelli import Simoncelli
from serving.radiomics.filters.wavelet import SeparableWavelet
from serving.radiomics.imaging.image import Image


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mean_5", Mean(5)),
        ("mean_15_2D_periodic", Mean(15, 2, "periodic")),
        ("log_sigma_2.0mm", LaplacianOfGaussian(2.0)),
        ("log_sigma_1.5mm_2D_scaled_zero", LaplacianOfGaussian(1.5, 2, "zero", scaled=True)),
        ("laws_L5E5E5_energy7", Laws(("L5", "E5", "E5"), 7)),
        ("laws_E3W5R5_rotmax", Laws(("E3", "W5", "R5"), None, "max")),
        ("laws_L5S5_energy7_rotmean_zero", Laws(("L5", "S5"), 7, "mean", "zero")),
        ("gabor_sigma5.0mm_lambda2.0mm_gamma1.5", Gabor(5.0, 2.0, 1.5)),
        (
            "gabor_sigma10mm_lambda4mm_gamma0.5_theta60deg_zero",
            Gabor(10.0, 4.0, 0.5, theta_deg=60.0, boundary="zero"),
        ),
        (
            "gabor_sigma5mm_lambda2mm_gamma1.5_step22.5deg_ortho",
            Gabor(5.0, 2.0, 1.5, step_deg=22.5, orthogonal=True),
        ),
        ("wavelet_coif1_LLH", SeparableWavelet("coif1", "LLH")),
        ("wavelet_db3_HL_level2_rotmean", SeparableWavelet("db3", "HL", 2, "mean")),
        ("wavelet_bior2.2_LHL_periodic", SeparableWavelet("bior2.2", "LHL", boundary="periodic")),
        ("simoncelli_level2_2D", Simoncelli(2, 2)),
        ("riesz_110_simoncelli_level1", Riesz((1, 1, 0), Simoncelli(1))),
        ("riesz_02_log_sigma_3mm_2D", Riesz((0, 2), LaplacianOfGaussian(3.0, 2))),
    ],
)
def test_names_say_all_parameters(name: str, expected: object) -> None:
    assert parse(name) == ((name, expected),)


def test_a_wavelet_without_a_band_stands_for_all_of_them() -> None:
    assert [name for name, _ in parse("wavelet_coif1")] == [
        f"wavelet_coif1_{band}" for band in ("LLL", "LLH", "LHL", "LHH", "HLL", "HLH", "HHL", "HHH")
    ]
    planar = parse("wavelet_haar_level2_2D_rotmax")
    assert [name for name, _ in planar] == [
        f"wavelet_haar_{band}_level2_2D_rotmax" for band in ("LL", "LH", "HL", "HH")
    ]
    for name, chosen in (*parse("wavelet_coif1"), *planar):
        assert parse(name) == ((name, chosen),)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("median_3", "not the name of a known filter"),
        ("mean_4", "odd number"),
        ("mean_0", "not the name"),
        ("log_sigma_0mm", "sigma above zero"),
        ("log_sigma_2.0", "not the name"),
        ("laws_L5X5E5", "not the name"),
        ("gabor_sigma5mm_lambda0mm_gamma1", "wavelength above zero"),
        ("gabor_sigma5mm_lambda2mm_gamma1_step50deg", "divides a full turn"),
        ("gabor_sigma5mm_lambda2mm_gamma1_step0.01deg", "at least 5 degrees"),
        ("gabor_sigma5mm_lambda2mm_gamma0.01", "at most 60 mm"),
        ("log_sigma_9999mm", "at most 60 mm"),
        ("wavelet_morlet", "not the name"),
        ("wavelet_zz9", "families"),
        ("wavelet_haar_LLH_2D", "two letters"),
        ("riesz_000_simoncelli_level1", "order above zero"),
        ("riesz_11_simoncelli_level1", "as many orders"),
        ("riesz_110_log_sigma_0mm", "sigma above zero"),
        ("mean_5_reflect", "not the name"),
        ("mean_5\n", "not the name"),
        ("mean_٥", "not the name"),
        ("", "not the name"),
    ],
)
def test_mistakes_are_refused_with_what_is_known(name: str, reason: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(name)
    assert reason in caught.value.message
    assert "wavelet_FAMILY" in caught.value.message


@given(st.text(max_size=300) | st.from_regex(r"(mean|log_sigma|riesz)_[0-9_a-zA-Z.]{0,150}"))
def test_any_text_is_a_filter_or_an_invalid_request(text: str) -> None:
    try:
        named = parse(text)
    except InvalidRequest as error:
        assert len(error.message) < 2000  # noqa: PT017
        assert error.message.isascii()  # noqa: PT017
    else:
        assert named


def test_all_names_are_read_before_the_first_filter_runs() -> None:
    image = Image(np.zeros((3, 3, 3)), np.eye(4))
    with pytest.raises(InvalidRequest):
        next(responses(image, ["mean_3", "mean_2"]))


def test_responses_keep_the_grid_and_come_in_the_order_of_the_names() -> None:
    affine = np.diag([0.7, 0.8, 2.5, 1.0])
    image = Image(np.random.default_rng(0).normal(size=(5, 6, 7)), affine)
    found = list(responses(image, ["wavelet_haar_2D", "mean_3"]))
    assert [name for name, _ in found] == [
        *(f"wavelet_haar_{band}_2D" for band in ("LL", "LH", "HL", "HH")),
        "mean_3",
    ]
    for _, response in found:
        assert response.values.shape == (5, 6, 7)
        np.testing.assert_array_equal(response.affine_lps, affine)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mean_5", (2, 2, 2)),
        ("mean_5_2D", (0, 2, 2)),
        ("log_sigma_2.0mm", (3, 8, 10)),
        ("laws_L5E3", (0, 1, 2)),
        ("laws_L5E3L3_energy7", (8, 8, 9)),
        ("laws_L5E3L3_energy7_rotmax", (9, 9, 9)),
        ("wavelet_coif1", (3, 3, 3)),
        ("wavelet_coif1_level2_2D", (0, 9, 9)),
        ("gabor_sigma4mm_lambda2mm_gamma2", (0, 20, 25)),
        ("gabor_sigma4mm_lambda2mm_gamma0.5_ortho", (16, 40, 50)),
        ("simoncelli_level1", None),
        ("riesz_100_log_sigma_2.0mm", None),
    ],
)
def test_supports_follow_the_spacing(name: str, expected: tuple[int, ...] | None) -> None:
    assert support_voxels(name, (2.5, 1.0, 0.8)) == expected
