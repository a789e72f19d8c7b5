"""Public CT data beside the repository, for tests only; tests skip where it is absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from serving.dicom.reader import StudyReader
from serving.domain.study import LoadedStudy
from serving.domain.volume import Geometry, Volume

DATA = Path(__file__).resolve().parents[3] / "../shared/data"
SEGMENTED = tuple(range(1, 9))


def folder(name: str) -> Path:
    if not (DATA / name).is_dir():
        pytest.skip(f"the public data set {name} is not beside this checkout")
    return DATA / name


def study(name: str) -> LoadedStudy:
    """A DICOM study read as the product reads it."""
    return StudyReader().read(folder(name), lambda _share, _stage: None)


def segmented(number: int, step: int) -> tuple[Volume, np.ndarray, np.ndarray]:
    """Every `step`-th slice of a coronacases volume that is scaled right, with its lung masks.

    Returns the volume, the masks (slices, rows, columns) and which slices have one. The data
    gives no spacing: 1.4 mm in the plane and 1.25 mm between slices are assumed.
    """
    with np.load(folder("covid-ct-seg") / f"coronacases_{number:03d}.npz") as data:
        kept = np.flatnonzero((data["soft_mode"] >= 87) & (data["soft_mode"] <= 128))[::step]
        grey, lung, has_lung = (data[key][kept] for key in ("image", "lung", "has_lung"))
    hu = np.rint(grey.astype(np.float32) / 255 * 1500 - 1250).astype(np.int16)
    spacing = 1.25 * step
    affine = np.diag([1.4, 1.4, spacing, 1.0])
    grid = Geometry((hu.shape[0], hu.shape[1], hu.shape[2]), affine, np.arange(len(hu)) * spacing)
    return Volume(hu, grid), lung, has_lung
