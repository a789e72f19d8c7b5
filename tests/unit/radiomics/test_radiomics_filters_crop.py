"""A crop with the margin that a filter asks for gives the whole image's responses inside."""

from __future__ import annotations

import numpy as np
import pytest

from serving.radiomics.filters import parse, responses, support_voxels
from serving.radiomics.imaging.image import Image

SPACING_MM = (2.0, 1.0, 1.25)
AFFINE = np.diag([1.25, 1.0, 2.0, 1.0])
NAMES = [
    "mean_5",
    "mean_7_2D_zero",
    "log_sigma_1.5mm",
    "log_sigma_2.0mm_2D_periodic",
    "laws_L5E3S5",
    "laws_L5E3L3_energy2_rotmax",
    "laws_L5E5_energy3_rotmean_nearest",
    "wavelet_coif1",
    "wavelet_db2_level2",
    "wavelet_coif1_LLH_rotmax",
    "gabor_sigma1.5mm_lambda3mm_gamma0.8_step45deg",
    "gabor_sigma1.2mm_lambda2mm_gamma1.5_theta30deg_ortho",
]
INSIDE = (slice(17, 22), slice(20, 27), slice(18, 25))


@pytest.fixture(scope="module")
def whole() -> Image:
    return Image(np.random.default_rng(0).normal(size=(40, 46, 42)), AFFINE)


def cropped(image: Image, margin: tuple[int, ...]) -> tuple[Image, tuple[slice, ...]]:
    """Cut `INSIDE` and a margin out; give the crop and where `INSIDE` is in it."""
    pairs = list(zip(INSIDE, margin, strict=True))
    outer = tuple(slice(part.start - more, part.stop + more) for part, more in pairs)
    inner = tuple(slice(more, more + part.stop - part.start) for part, more in pairs)
    return Image(image.values[outer], image.affine_lps), inner


@pytest.mark.parametrize("name", NAMES)
def test_a_crop_gives_what_the_whole_gives(whole: Image, name: str) -> None:
    margin = support_voxels(name, SPACING_MM)
    assert margin is not None
    crop, inner = cropped(whole, margin)
    expected = {full: response.values[INSIDE] for full, response in responses(whole, [name])}
    for full, response in responses(crop, [name]):
        np.testing.assert_allclose(response.values[inner], expected[full], rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["mean_5", "log_sigma_1.5mm", "laws_L5L5L5_energy2"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_margin_is_no_larger_than_needed(whole: Image, name: str, axis: int) -> None:
    margin = support_voxels(name, SPACING_MM)
    assert margin is not None
    crop, inner = cropped(whole, tuple(n - (k == axis) for k, n in enumerate(margin)))
    (expected,) = (response.values[INSIDE] for _, response in responses(whole, [name]))
    (narrow,) = (response.values[inner] for _, response in responses(crop, [name]))
    assert not np.allclose(narrow, expected, rtol=0, atol=1e-10)


def test_sharing_convolutions_between_filters_changes_nothing(whole: Image) -> None:
    small = Image(whole.values[:9, :10, :11], AFFINE)
    together = dict(responses(small, NAMES))
    alone = dict(pair for name in reversed(NAMES) for pair in responses(small, [name]))
    assert list(together) == [full for name in NAMES for full, _ in parse(name)]
    for full, response in together.items():
        np.testing.assert_array_equal(response.values, alone[full].values)
