"""Mean and Laplacian of Gaussian against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serving.domain.volume import Float64
from serving.radiomics.filters import responses
from serving.radiomics.imaging.image import Image


def response_of(values: Float64, name: str, spacing_mm: tuple[float, ...] = (1, 1, 1)) -> Float64:
    plane, row, column = spacing_mm
    ((_, response),) = responses(Image(values, np.diag([column, row, plane, 1.0])), [name])
    return response.values


def impulse(shape: tuple[int, int, int]) -> Float64:
    values = np.zeros(shape)
    values[tuple(length // 2 for length in shape)] = 1.0
    return values


def test_an_impulse_under_the_mean_is_the_box() -> None:
    expected = np.zeros((7, 9, 9))
    expected[2:5, 3:6, 3:6] = 1 / 27
    np.testing.assert_allclose(response_of(impulse((7, 9, 9)), "mean_3"), expected, atol=1e-15)
    expected = np.zeros((7, 9, 9))
    expected[3, 2:7, 2:7] = 1 / 25
    np.testing.assert_allclose(response_of(impulse((7, 9, 9)), "mean_5_2D"), expected, atol=1e-15)


@pytest.mark.parametrize(
    ("boundary", "corner"), [("zero", 8 / 27), ("nearest", 1.0), ("periodic", 1.0), ("mirror", 1.0)]
)
def test_a_constant_stays_one_except_beside_zeros(boundary: str, corner: float) -> None:
    response = response_of(np.ones((5, 6, 7)), f"mean_3_{boundary}")
    assert response[2, 3, 3] == pytest.approx(1.0)
    assert response[0, 0, 0] == pytest.approx(corner)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_an_impulse_under_the_laplacian_is_ibsis_kernel(dimensions: int) -> None:
    # g(k) = -1/s^2 (1 / (sqrt(2 pi) s))^D (D - |k|^2/s^2) exp(-|k|^2 / (2 s^2)), cut at 4 s
    sigma, spacing_mm = 1.5, 2.0
    shape = (19, 19, 19)
    squares = sum((np.indices(shape)[axis] - 9.0) ** 2 for axis in range(3 - dimensions, 3))
    expected = (
        -1 / sigma**2 * (math.sqrt(2 * math.pi) * sigma) ** -dimensions
        * (dimensions - squares / sigma**2) * np.exp(-squares / (2 * sigma**2))
    )  # fmt: skip
    inside = np.zeros(shape, dtype=bool)
    inside[(slice(3, 16),) * 3 if dimensions == 3 else (9, slice(3, 16), slice(3, 16))] = True
    name = "log_sigma_3.0mm" + ("_2D" if dimensions == 2 else "")
    response = response_of(impulse(shape), name, (spacing_mm,) * 3)
    np.testing.assert_allclose(response, np.where(inside, expected, 0.0), atol=1e-15)


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (1.6, 0.9, 0.7), (0.5, 1.0, 1.25)])
def test_a_gaussian_blob_answers_as_calculus_says(spacing_mm: tuple[float, float, float]) -> None:
    # A blob exp(-r^2 / 2 t^2) under a unit Gaussian of s has the Laplacian -3 t^3 / (t^2+s^2)^2.5
    # at its centre, per squared mm; the response is per squared mean voxel side.
    blob_mm, sigma_mm = 3.0, 2.5
    shape = tuple(2 * math.ceil(18 / side) + 1 for side in spacing_mm)
    places = np.indices(shape)
    squares = sum(
        ((places[axis] - shape[axis] // 2) * side) ** 2 for axis, side in enumerate(spacing_mm)
    )
    response = response_of(np.exp(-squares / (2 * blob_mm**2)), "log_sigma_2.5mm", spacing_mm)
    per_mm2 = -3 * blob_mm**3 / (blob_mm**2 + sigma_mm**2) ** 2.5
    centre = response[tuple(length // 2 for length in shape)]
    assert centre == pytest.approx(per_mm2 * math.prod(spacing_mm) ** (2 / 3), rel=2e-3)
    assert response.min() == centre


def test_scaling_multiplies_by_the_squared_sigma_in_voxels() -> None:
    values = np.random.default_rng(0).normal(size=(9, 9, 9))
    plain = response_of(values, "log_sigma_3mm", (2, 2, 2))
    scaled = response_of(values, "log_sigma_3mm_scaled", (2, 2, 2))
    np.testing.assert_allclose(scaled, plain * 2.25, rtol=1e-12)


def test_the_laplacian_turns_with_the_image() -> None:
    values = np.random.default_rng(1).normal(size=(9, 10, 11))
    turned = response_of(np.rot90(values, axes=(0, 2)), "log_sigma_1mm")
    np.testing.assert_allclose(turned, np.rot90(response_of(values, "log_sigma_1mm"), axes=(0, 2)),
                               atol=1e-12)  # fmt: skip
