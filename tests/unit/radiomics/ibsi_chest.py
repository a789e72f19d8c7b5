"""The IBSI-1 CT phantom and its reference values, beside the repository; tests skip without it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from serving.radiomics.imaging.image import Image, Roi
from serving.radiomics.reading.case import read_case

DATA = Path(__file__).resolve().parents[3] / "../shared/data"


def chest_phantom(source: str = "nifti") -> tuple[Image, Roi]:
    """The CT image and its GTV mask as a case is read: from `nifti`, or `dicom` with RTSTRUCT."""
    folder = DATA / "ibsi-ct-phantom" / source
    if not folder.is_dir():
        pytest.skip("the public data set ibsi-ct-phantom is not beside this checkout")
    case = read_case(folder / "image", folder / "mask")
    (roi,) = case.rois
    return case.image, roi


def chest_reference(configuration: str) -> dict[str, tuple[float, float]]:
    """Of the tags with a consensus: (value, tolerance)."""
    path = DATA / f"ibsi-reference-values/ibsi_1_chest_config_{configuration}.csv"
    if not path.is_file():
        pytest.skip("IBSI's reference values are not beside this checkout")
    with path.open(newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))[1:]
    return {tag: (float(value), float(tolerance)) for value, tolerance, tag in rows if value}
