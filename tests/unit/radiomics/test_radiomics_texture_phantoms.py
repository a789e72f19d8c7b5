"""Texture against IBSI's published values: all tags of the digital and of the CT phantom."""

from __future__ import annotations

import csv

import nibabel
import numpy as np
import pytest

from serving.radiomics.features import glcm, gldzm, glrlm, glszm, ngldm, ngtdm
from serving.radiomics.imaging.discretise import levels_of
from serving.radiomics.imaging.image import Image, Roi
from serving.radiomics.imaging.prepare import prepare
from serving.radiomics.imaging.region import Levels
from serving.radiomics.settings import (
    Aggregation,
    Discretisation,
    ExtractionSettings,
    Interpolation,
    Resegmentation,
)
from tests.unit.pipelines.shared_data import folder
from tests.unit.radiomics.ibsi_digital import IMAGE, MASK, REFERENCE, SPACING_MM, disagreements

FAMILIES = {"cm": glcm, "rlm": glrlm, "szm": glszm, "dzm": gldzm, "ngt": ngtdm, "ngl": ngldm}
ALL: tuple[Aggregation, ...] = (
    "2D_avg",
    "2D_comb",
    "2_5D_avg",
    "2_5D_comb",
    "3D_avg",
    "3D_comb",
)
CONFIGURATIONS = {
    "a": (
        ExtractionSettings(
            resegmentation=Resegmentation(range=(-500, 400)),
            discretisation=Discretisation(bin_size=25),
        ),
        ALL[:4],
    ),
    "c": (
        ExtractionSettings(
            interpolation=Interpolation(spacing_mm=(2, 2, 2)),
            resegmentation=Resegmentation(range=(-1000, 400)),
            discretisation=Discretisation(bin_size=25),
        ),
        ALL[4:],
    ),
}


def of_family(table: dict[str, tuple[float, float]], family: str) -> dict[str, tuple[float, float]]:
    return {tag: value for tag, value in table.items() if tag.split("_")[0] == family}


@pytest.mark.parametrize("family", FAMILIES)
def test_digital_phantom_agrees_on_every_tag(family: str) -> None:
    grey = np.where(MASK, IMAGE, 0).astype(np.int32)
    levels = Levels(grey, 6, SPACING_MM, MASK, 1.0, 1.0)
    values = FAMILIES[family].features(levels, ALL)
    expected = of_family(REFERENCE, family)
    assert set(values) == set(expected)
    assert not disagreements(values, expected)


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_ct_phantom_agrees_on_every_tag(configuration: str) -> None:
    settings, aggregations = CONFIGURATIONS[configuration]
    image, roi = phantom()
    levels = levels_of(
        prepare(image, roi, settings), settings.discretisation, settings.resegmentation.range[0]
    )
    values: dict[str, float] = {}
    for family in FAMILIES.values():
        values |= family.features(levels, aggregations)
    expected = {
        tag: value
        for family in FAMILIES
        for tag, value in of_family(published(configuration), family).items()
    }
    assert len(expected) > 100
    assert not disagreements(values, expected)


def phantom() -> tuple[Image, Roi]:
    files = folder("ibsi-ct-phantom") / "nifti"
    image, mask = (nibabel.load(next((files / part).iterdir())) for part in ("image", "mask"))
    values = np.ascontiguousarray(image.get_fdata().transpose(2, 1, 0))
    affine = np.diag([*(float(side) for side in image.header.get_zooms()), 1.0])
    return Image(values, affine), Roi("GTV", np.asarray(mask.dataobj).transpose(2, 1, 0) > 0)


def published(configuration: str) -> dict[str, tuple[float, float]]:
    path = folder("ibsi-reference-values") / f"ibsi_1_chest_config_{configuration}.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.reader(file, delimiter=";"))[1:]
    return {tag: (float(value), float(tolerance)) for value, tolerance, tag in rows if value}
