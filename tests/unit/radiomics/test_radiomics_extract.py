from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from serving.domain.errors import InvalidRequest
from serving.radiomics.extract import extract, features_of
from serving.radiomics.filters import responses
from serving.radiomics.imaging.image import Image, Roi
from serving.radiomics.imaging.prepare import interpolated
from serving.radiomics.imaging.region import Region
from serving.radiomics.presets import PRESETS, preset
from serving.radiomics.settings import (
    Discretisation,
    ExtractionSettings,
    Interpolation,
    Resegmentation,
)

SHAPE = (24, 40, 44)
BY_NUMBER = Discretisation(method="fixed_bin_number", bins=16)


def scene(flat: bool = False) -> tuple[Image, Roi]:
    rng = np.random.default_rng(9)
    mask = np.zeros(SHAPE, dtype=bool)
    mask[9:15, 14:26, 16:28] = rng.random((6, 12, 12)) < 0.9
    values = np.full(SHAPE, 20.0) if flat else np.rint(rng.normal(0, 100, SHAPE))
    return Image(values, np.diag([1.5, 1.5, 2.0, 1.0])), Roi("nodule", mask)


@pytest.mark.parametrize("filters", [("mean_3",), ("log_sigma_2.0mm", "wavelet_haar")])
@pytest.mark.parametrize("spacing", [None, (2.0, 2.0, 2.0)])
def test_features_of_a_response_are_those_of_the_whole_images(
    filters: tuple[str, ...], spacing: tuple[float, float, float] | None
) -> None:
    image, roi = scene()
    settings = ExtractionSettings(
        interpolation=Interpolation(spacing_mm=spacing) if spacing else None,
        resegmentation=Resegmentation(range=(-150.0, 250.0)),
        discretisation=BY_NUMBER,
        families=("morphology", "statistics", "glcm"),
        filters=filters,
    )
    found = extract(image, roi, settings)
    whole, mask = interpolated(image, roi, settings.interpolation)
    counted = mask & (whole.values >= -150) & (whole.values <= 250)
    plain = settings.model_copy(update={"families": ("statistics", "glcm")})
    names = []
    for name, response in responses(whole, filters):
        region = Region(response.values, mask, counted, whole.spacing_mm)
        wanted = {f"{name}__{tag}": value for tag, value in features_of(region, plain).items()}
        assert {tag: found[tag] for tag in wanted} == pytest.approx(wanted, rel=1e-7, abs=1e-9)
        names.append(name)
    assert {tag.split("__")[0] for tag in found if "__" in tag} == set(names)
    assert not any("__morph" in tag for tag in found)


def test_only_the_chosen_families_are_computed() -> None:
    image, roi = scene()
    found = extract(image, roi, ExtractionSettings(families=("statistics", "ngtdm")))
    assert {tag.split("_")[0] for tag in found} == {"stat", "ngt"}


@pytest.mark.parametrize("name", PRESETS)
def test_presets_give_numbers_and_no_warnings(name: str) -> None:
    image, roi = scene()
    image = Image(
        np.abs(image.values) + 1 if name == "ibsi-digital" else image.values, image.affine_lps
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = extract(image, roi, preset(name))
    assert [tag for tag, value in found.items() if not math.isfinite(value)] == []


def test_a_flat_region_gives_every_feature_and_no_warning() -> None:
    image, roi = scene(flat=True)
    settings = ExtractionSettings(discretisation=BY_NUMBER)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = extract(image, roi, settings)
    assert found.keys() == extract(*scene(), settings).keys()
    assert found["stat_var"] == 0
    assert math.isnan(found["morph_moran_i"])


def test_two_voxels_are_enough() -> None:
    image, _ = scene()
    mask = np.zeros(SHAPE, dtype=bool)
    mask[3, 3, 3:5] = True
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = extract(image, Roi("speck", mask), ExtractionSettings())
    assert found["morph_vol_approx"] == pytest.approx(2 * 2 * 1.5 * 1.5)


def test_fractions_of_a_response_need_a_discretisation() -> None:
    image, roi = scene()
    settings = ExtractionSettings(
        discretisation=Discretisation(method="none"), families=("glcm",), filters=("mean_3",)
    )
    with pytest.raises(InvalidRequest, match="whole numbers"):
        extract(image, roi, settings)


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(InvalidRequest, match="ibsi-a, ibsi-b"):
        preset("ibsi-z")
