"""The cases of the extraction benchmark, each a file with image, mask and spacing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

PHANTOM = Path(__file__).resolve().parents[2] / "../shared/data/ibsi-ct-phantom/nifti"
SYNTHETIC_SHAPE = (100, 512, 512)
SYNTHETIC_SEMI_AXES = (22.0, 36.0, 30.0)
"""In voxels, before the lumps: some 100,000 voxels."""
_LUMP = 0.35


@dataclass(frozen=True, slots=True)
class ExtractionCase:
    """`path` is an npz of image (int16), mask (bool), both (slices, rows, columns), spacing_mm."""

    name: str
    path: Path
    voxels: int


def cases(folder: Path) -> Iterator[ExtractionCase]:
    """Written to the folder; the IBSI CT phantom only where it lies beside the checkout."""
    if PHANTOM.is_dir():
        yield _saved(folder, "IBSI CT phantom, GTV", *_phantom())
    yield _saved(folder, "synthetic 512x512x100", *_synthetic())


def _saved(
    folder: Path, name: str, image: NDArray[np.int16], mask: NDArray[np.bool_], spacing_mm: object
) -> ExtractionCase:
    path = folder / f"{name.split(',')[0].replace(' ', '-')}.npz"
    np.savez(path, image=image, mask=mask, spacing_mm=np.array(spacing_mm, np.float64))
    return ExtractionCase(name, path, int(np.count_nonzero(mask)))


def _phantom() -> tuple[NDArray[np.int16], NDArray[np.bool_], object]:
    image, mask = (nibabel.load(next((PHANTOM / part).iterdir())) for part in ("image", "mask"))
    values = np.asarray(image.dataobj).transpose(2, 1, 0).astype(np.int16)
    return values, np.asarray(mask.dataobj).transpose(2, 1, 0) > 0, image.header.get_zooms()[::-1]


def _synthetic() -> tuple[NDArray[np.int16], NDArray[np.bool_], object]:
    """Soft tissue with correlated noise; a lumpy ellipsoid that is brighter."""
    random = np.random.default_rng(0)
    noise = random.standard_normal(SYNTHETIC_SHAPE, dtype=np.float32)
    texture = gaussian_filter(noise, 1.5)
    lumps = gaussian_filter(noise, 8.0)
    axes = [np.arange(size, dtype=np.float32) - size / 2 for size in SYNTHETIC_SHAPE]
    planes, rows, columns = np.ix_(*(a / s for a, s in zip(axes, SYNTHETIC_SEMI_AXES, strict=True)))
    inside = planes**2 + rows**2 + columns**2 + _LUMP * lumps / lumps.std() < 1
    mask = inside & (np.abs(planes) < 2) & (np.abs(rows) < 2) & (np.abs(columns) < 2)
    image = 40 * noise + 150 * texture / texture.std() + np.where(mask, 60, 0)
    return np.rint(image).astype(np.int16), mask, (1.0, 0.8, 0.8)
