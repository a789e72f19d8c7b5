"""IBSI-1's own benchmark: the digital phantom and the five configurations of the CT phantom."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from ibsi_chest import chest_phantom, chest_reference
from ibsi_digital import IMAGE, MASK, REFERENCE, SPACING_MM, TAGS, disagreements

from serving.radiomics.extract import extract
from serving.radiomics.features.diagnostics import diagnostics
from serving.radiomics.imaging.image import Image, Roi
from serving.radiomics.presets import preset


@pytest.fixture(scope="module")
def digital() -> dict[str, float]:
    plane, row, column = SPACING_MM
    image = Image(IMAGE, np.diag([column, row, plane, 1.0]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return extract(image, Roi("phantom", MASK), preset("ibsi-digital"))


def test_every_reference_value_of_the_digital_phantom_is_met(digital: dict[str, float]) -> None:
    assert len(REFERENCE) == 482
    assert disagreements(digital, REFERENCE) == {}


def test_the_features_of_the_digital_phantom_are_exactly_the_tags(
    digital: dict[str, float],
) -> None:
    assert set(digital) == set(TAGS)
    assert all(type(value) is float for value in digital.values())


@pytest.mark.parametrize("source", ["dicom", "nifti"])
@pytest.mark.parametrize(
    ("configuration", "tags"), [("a", 406), ("b", 355), ("c", 270), ("d", 219), ("e", 219)]
)
def test_every_reference_value_of_the_ct_phantom_is_met(
    configuration: str, tags: int, source: str
) -> None:
    image, roi = chest_phantom(source)
    reference = chest_reference(configuration)
    settings = preset(f"ibsi-{configuration}")
    values = extract(image, roi, settings) | diagnostics(image, roi, settings)
    assert len(reference) == tags
    assert disagreements(values, reference) == {}
