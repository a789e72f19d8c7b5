"""The IBSI-1 CT phantom and its reference values, beside the repository; tests skip without it."""

from __future__ import annotations

import csv
from pathlib import Path

import nibabel
import numpy as np
import pytest

from serving.domain.volume import RAS_FROM_LPS
from serving.radiomics.imaging.image import Image, Roi

DATA = Path(__file__).resolve().parents[3] / "../shared/data"


def chest_phantom() -> tuple[Image, Roi]:
    """The CT image and its GTV mask, from their NIfTI files."""
    folder = DATA / "ibsi-ct-phantom/nifti"
    if not folder.is_dir():
        pytest.skip("the public data set ibsi-ct-phantom is not beside this checkout")
    image = nibabel.load(folder / "image/phantom.nii.gz")
    mask = nibabel.load(folder / "mask/mask.nii.gz")
    values = np.asarray(image.dataobj, dtype=np.float64).transpose(2, 1, 0)
    inside = np.asarray(mask.dataobj).transpose(2, 1, 0) > 0
    return (
        Image(np.ascontiguousarray(values), RAS_FROM_LPS @ image.affine),
        Roi("GTV", np.ascontiguousarray(inside)),
    )


def chest_reference(configuration: str) -> dict[str, tuple[float, float]]:
    """Of the tags with a consensus: (value, tolerance)."""
    path = DATA / f"ibsi-reference-values/ibsi_1_chest_config_{configuration}.csv"
    if not path.is_file():
        pytest.skip("IBSI's reference values are not beside this checkout")
    with path.open(newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))[1:]
    return {tag: (float(value), float(tolerance)) for value, tolerance, tag in rows if value}
