"""The IBSI-1 CT phantom, beside the repository (tests skip without it), and its reference values.

Those of configurations A and C lie beside it; those of B, D and E in `reference`, as published with
the benchmark (Zwanenburg et al. 2020, Radiology 295(2), doi 10.1148/radiol.2020191145), without the
sizes of the image.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from serving.radiomics.imaging.image import Image, Roi
from serving.radiomics.reading.case import read_case

DATA = Path(__file__).resolve().parents[3] / "../shared/data"
REFERENCES = (Path(__file__).with_name("reference"), DATA / "ibsi-reference-values")


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
    name = f"ibsi_1_chest_config_{configuration}.csv"
    path = next((folder / name for folder in REFERENCES if (folder / name).is_file()), None)
    if path is None:
        pytest.skip("IBSI's reference values are not beside this checkout")
    with path.open(newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))[1:]
    return {tag: (float(value), float(tolerance)) for value, tolerance, tag in rows if value}
