"""Gabor filters against their definition."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
from scipy import ndimage

from serving.domain.volume import Float64
from serving.radiomics.filters import responses
from serving.radiomics.filters.gabor import Gabor
from serving.radiomics.imaging.image import Image

GABOR = "gabor_sigma1.2mm_lambda3mm_gamma0.8"


def response_of(values: Float64, name: str, spacing_mm: tuple[float, ...] = (1, 1, 1)) -> Float64:
    plane, row, column = spacing_mm
    ((_, response),) = responses(Image(values, np.diag([column, row, plane, 1.0])), [name])
    return response.values


def test_the_kernel_is_a_wave_under_an_envelope() -> None:
    # g(k) = exp(-(k1~^2 + gamma^2 k2~^2) / (2 sigma^2) + 2 pi i k1~ / lambda), k1 along columns
    kernel = Gabor(2.0, 3.0, 1.5, theta_deg=30.0).kernel(30.0, (0.5, 0.8))
    down, across = kernel.shape[0] // 2, kernel.shape[1] // 2
    for n, m in ((0, 0), (0, 3), (4, 0), (-5, 2), (7, -6)):
        k1, k2 = m * 0.8, n * 0.5
        along = k1 * math.cos(math.pi / 6) + k2 * math.sin(math.pi / 6)
        aside = -k1 * math.sin(math.pi / 6) + k2 * math.cos(math.pi / 6)
        expected = math.exp(-(along**2 + 2.25 * aside**2) / 8) * cmath.exp(2j * math.pi * along / 3)
        assert kernel[down + n, across + m] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("boundary", ["zero", "nearest", "periodic", "mirror"])
def test_the_response_is_the_modulus_of_a_convolution(boundary: str) -> None:
    modes = {"zero": "constant", "nearest": "nearest", "periodic": "wrap", "mirror": "reflect"}
    values = np.random.default_rng(0).normal(size=(2, 11, 9))
    kernel = Gabor(1.2, 3.0, 0.8).kernel(70.0, (1.0, 1.5))
    expected = [
        np.abs(
            ndimage.convolve(plane, kernel.real, mode=modes[boundary])
            + 1j * ndimage.convolve(plane, kernel.imag, mode=modes[boundary])
        )
        for plane in values
    ]
    response = response_of(values, f"{GABOR}_theta70deg_{boundary}", (3, 1, 1.5))
    np.testing.assert_allclose(response, expected, atol=1e-10)


def test_an_impulse_gives_the_envelope() -> None:
    impulse = np.zeros((1, 15, 15))
    impulse[0, 7, 7] = 1.0
    response = response_of(impulse, f"{GABOR}_zero")
    assert response[0, 7, 7] == pytest.approx(1.0)
    assert response[0, 7, 9] == pytest.approx(math.exp(-4 / (2 * 1.44)))
    assert response[0, 9, 7] == pytest.approx(math.exp(-4 * 0.64 / (2 * 1.44)))


def test_a_wave_is_answered_most_by_the_filter_along_it() -> None:
    across, down = np.meshgrid(np.arange(48), np.arange(48))
    angle = math.radians(30)
    wave = np.cos(2 * math.pi * (across * math.cos(angle) + down * math.sin(angle)) / 6)[None]
    centre = {
        theta: response_of(wave, f"gabor_sigma3mm_lambda6mm_gamma1_theta{theta}deg")[0, 24, 24]
        for theta in (0, 30, 60, 90, 120, 150)
    }
    assert max(centre, key=lambda theta: centre[theta]) == 30
    # Half of the cosine travels each way; the envelope's sum is close to 2 pi sigma^2.
    assert centre[30] == pytest.approx(math.pi * 9, rel=1e-3)
    assert centre[120] < 0.05 * centre[30]


@pytest.mark.parametrize(("step", "count"), [("45", 8), ("40", 9), ("120", 3)])
def test_averages_run_over_the_full_turn(step: str, count: int) -> None:
    values = np.random.default_rng(1).normal(size=(2, 10, 12))
    single = [response_of(values, f"{GABOR}_theta{n * int(step)}deg") for n in range(count)]
    average = response_of(values, f"{GABOR}_step{step}deg")
    np.testing.assert_allclose(average, np.mean(single, axis=0), atol=1e-10)


def test_averages_turn_with_the_image() -> None:
    values = np.random.default_rng(2).normal(size=(9, 10, 11))
    name = f"{GABOR}_step45deg_ortho"
    for axes in ((0, 1), (0, 2), (1, 2)):
        turned = response_of(np.rot90(values, axes=axes), name)
        np.testing.assert_allclose(
            turned, np.rot90(response_of(values, name), axes=axes), atol=1e-10
        )


def test_orthogonal_planes_are_averaged_each_with_its_own_spacing() -> None:
    values = np.random.default_rng(3).normal(size=(6, 7, 8))
    axial = response_of(values, f"{GABOR}_theta20deg", (3, 2, 1))
    coronal = response_of(values.transpose(1, 0, 2), f"{GABOR}_theta20deg", (2, 3, 1))
    sagittal = response_of(values.transpose(2, 0, 1), f"{GABOR}_theta20deg", (1, 3, 2))
    expected = (axial + coronal.transpose(1, 0, 2) + sagittal.transpose(1, 2, 0)) / 3
    response = response_of(values, f"{GABOR}_theta20deg_ortho", (3, 2, 1))
    np.testing.assert_allclose(response, expected, atol=1e-10)
