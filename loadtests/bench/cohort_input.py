"""A cohort that keeps the box busy: many cases over a few synthetic images."""

from __future__ import annotations

import csv
from pathlib import Path

import nibabel
import numpy as np

SHAPE = (96, 96, 48)
"""(x, y, z), 1 mm voxels."""
_RADIUS = 18.0


def write_cohort(folder: Path, cases: int, images: int = 4) -> Path:
    """Writes `images` images with a ball as mask and a manifest of `cases`; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    for index in range(images):
        _write_image(folder, index, random)
    path = folder / "manifest.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("case_id", "image", "mask"))
        for case in range(cases):
            which = case % images
            writer.writerow((f"case-{case:06d}", f"image-{which}.nii.gz", f"mask-{which}.nii.gz"))
    return path


def _write_image(folder: Path, index: int, random: np.random.Generator) -> None:
    grid = np.indices(SHAPE) - np.array(SHAPE).reshape(3, 1, 1, 1) / 2
    ball = np.sqrt((grid**2).sum(axis=0)) < _RADIUS
    noise = random.normal(0, 60, SHAPE)
    values = np.where(ball, 40 + noise, -700 + noise).astype(np.int16)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    for name, array in (("image", values), ("mask", ball.astype(np.uint8))):
        nibabel.save(nibabel.Nifti1Image(array, affine), folder / f"{name}-{index}.nii.gz")
