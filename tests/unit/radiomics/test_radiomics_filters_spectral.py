"""Simoncelli's wavelet and Riesz transforms, which are defined by their spectra."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serving.domain.volume import Float64
from serving.radiomics.filters import responses
from serving.radiomics.filters.simoncelli import frequencies
from serving.radiomics.imaging.image import Image


def response_of(values: Float64, name: str) -> Float64:
    ((_, response),) = responses(Image(values, np.eye(4)), [name])
    return response.values


def wave(cycles: int, axis: int, phase: float = 0.0) -> Float64:
    """On 33 voxels eight cycles are half of Nyquist's frequency on IBSI's grid."""
    places = np.indices((33, 33, 33))[axis]
    return np.cos(2 * math.pi * places * cycles / 33 + phase)


def test_frequencies_are_those_of_the_reference_response_maps() -> None:
    even, odd = frequencies((4, 5))
    assert even.shape == (4, 1)
    assert even.ravel().tolist() == pytest.approx([1 / 3, 1, -1, -1 / 3])
    assert odd.ravel().tolist() == pytest.approx([0, 0.5, 1, -1, -0.5])
    assert frequencies((1,))[0].tolist() == [0.0]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_each_level_passes_its_octave_and_stops_the_next(axis: int) -> None:
    quick, slow = wave(8, axis), wave(4, axis)
    np.testing.assert_allclose(response_of(quick, "simoncelli_level1"), quick, atol=1e-12)
    np.testing.assert_allclose(response_of(slow, "simoncelli_level2"), slow, atol=1e-12)
    np.testing.assert_allclose(response_of(slow, "simoncelli_level1"), 0.0, atol=1e-12)
    np.testing.assert_allclose(response_of(quick, "simoncelli_level2"), 0.0, atol=1e-12)


def test_neighbouring_levels_share_out_the_energy_between_their_peaks() -> None:
    between = wave(6, 2)
    energy = [np.sum(response_of(between, f"simoncelli_level{n}") ** 2) for n in (1, 2)]
    assert min(energy) > 0.1 * sum(energy)
    assert sum(energy) == pytest.approx(np.sum(between**2))


def test_slices_are_filtered_one_by_one_in_2d() -> None:
    values = np.random.default_rng(0).normal(size=(3, 16, 18))
    whole = response_of(values, "simoncelli_level1_2D")
    for n in range(3):
        alone = response_of(values[n : n + 1], "simoncelli_level1_2D")
        np.testing.assert_allclose(whole[n : n + 1], alone, atol=1e-12)


@pytest.mark.parametrize(("orders", "axis"), [("100", 2), ("010", 1), ("001", 0)])
def test_a_first_order_transform_delays_a_wave_by_a_quarter(orders: str, axis: int) -> None:
    # Of -i v / |v|: a cosine becomes a sine along its own axis and nothing along another.
    response = response_of(wave(8, axis), f"riesz_{orders}_simoncelli_level1")
    np.testing.assert_allclose(response, wave(8, axis, -math.pi / 2), atol=1e-12)
    other = response_of(wave(8, (axis + 1) % 3), f"riesz_{orders}_simoncelli_level1")
    np.testing.assert_allclose(other, 0.0, atol=1e-12)


@pytest.mark.parametrize("total", [1, 2, 3])
def test_all_transforms_of_an_order_keep_the_energy(total: int) -> None:
    values = np.random.default_rng(1).normal(size=(9, 11, 13))  # odd: the grid is symmetric
    orders = [(a, b, total - a - b) for a in range(total + 1) for b in range(total + 1 - a)]
    band = response_of(values, "simoncelli_level1")
    energy = sum(
        np.sum(response_of(values, f"riesz_{a}{b}{c}_simoncelli_level1") ** 2) for a, b, c in orders
    )
    assert energy == pytest.approx(np.sum(band**2))


def test_second_order_transforms_sum_to_the_negative_image() -> None:
    values = np.random.default_rng(2).normal(size=(9, 10, 11))
    band = response_of(values, "log_sigma_1mm")
    twice = sum(
        response_of(values, f"riesz_{orders}_log_sigma_1mm") for orders in ("200", "020", "002")
    )
    np.testing.assert_allclose(twice, -(band - band.mean()), atol=1e-12)
