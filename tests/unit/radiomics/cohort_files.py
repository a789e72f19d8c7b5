"""Writes cohorts of small synthetic cases: textures and sizes that tell labels apart, broken ones.

Cases of label 1 are larger and smoother than those of label 0. Broken ones come in ten ways.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
from scipy import ndimage

from tests.unit.radiomics.dicom_case_files import write_series

SHAPE = (28, 26, 14)
"""(columns, rows, slices)."""
SPACING_MM = (1.0, 1.0, 2.0)
SEVERAL_PARTS = 1
"""The index of the case whose region has two parts; it is never among the broken ones."""
HEADING = ("case_id", "image", "mask", "roi", "label", "time", "event", "group", "centre", "age")


@dataclass(frozen=True)
class CohortFiles:
    """A cohort on disk; `broken` says how, by the index of the case (from 1)."""

    root: Path
    manifest: Path
    broken: dict[int, str]


def write_cohort(root: Path, good: int = 20, broken: bool = True, seed: int = 0) -> CohortFiles:
    """`good` cases and, spread among them, one case broken in each of the ten ways."""
    root.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    ways = list(BROKEN) if broken else []
    total = good + len(ways)
    every = max(1, total // max(1, len(ways)))
    rows: list[tuple[str, ...]] = []
    spoiled: dict[int, str] = {}
    for index in range(1, total + 1):
        label = index % 2
        parts = 2 if index == SEVERAL_PARTS else 1
        row = _write_case(root, index, label, random, parts)
        if len(spoiled) < len(ways) and (
            index % every == 0 or total - index < len(ways) - len(spoiled)
        ):
            way = ways[len(spoiled)]
            row = BROKEN[way](root, row)
            spoiled[index] = way
        rows.append(row)
    return CohortFiles(root, _write_manifest(root, rows), spoiled)


def _write_manifest(root: Path, rows: list[tuple[str, ...]]) -> Path:
    path = root / "manifest.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADING, *rows])
    return path


def case_arrays(
    label: int, random: np.random.Generator, parts: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """An image in HU and its mask, both (columns, rows, slices)."""
    noise = random.normal(size=SHAPE)
    if label:
        noise = ndimage.gaussian_filter(noise, 1.2)
        noise /= noise.std()
    grid = np.indices(SHAPE).reshape(3, -1).T
    centre = np.array(SHAPE) / 2 - 0.5
    radius_mm = random.uniform(7.0, 8.5) + 2.0 * label
    distance_mm = np.linalg.norm((grid - centre) * SPACING_MM, axis=1).reshape(SHAPE)
    mask = distance_mm < radius_mm
    if parts == 2:
        mask[:, SHAPE[1] // 2 - 1 : SHAPE[1] // 2 + 1] = False
    return np.where(mask, 60, -650) + 40 * noise, mask


def _write_case(
    root: Path, index: int, label: int, random: np.random.Generator, parts: int
) -> tuple[str, ...]:
    image, mask = case_arrays(label, random, parts)
    names = f"image-{index:03d}.nii.gz", f"mask-{index:03d}.nii.gz"
    save(root / names[0], np.rint(image).astype(np.int16))
    save(root / names[1], mask.astype(np.uint8))
    months = f"{random.exponential(30 - 15 * label) + 1:.1f}"
    seen = str(int(random.random() < 0.7))
    age = str(int(random.integers(40, 80)))
    return (
        f"patient-{index:03d}",
        *names,
        "1",
        str(label),
        months,
        seen,
        f"group-{(index + 1) // 2}",
        "AB"[index % 3 == 0],
        age,
    )


def save(path: Path, values: np.ndarray, origin_mm: tuple[float, float, float] = (0, 0, 0)) -> None:
    """A NIfTI file of (columns, rows, slices), RAS axes."""
    affine = np.diag([-SPACING_MM[0], -SPACING_MM[1], SPACING_MM[2], 1.0])
    affine[:3, 3] = origin_mm
    nibabel.save(nibabel.Nifti1Image(values, affine), path)


Row = tuple[str, ...]


def _mask(
    root: Path, row: Row, values: np.ndarray, origin_mm: tuple[float, float, float] = (0, 0, 0)
) -> Row:
    save(root / row[2], values.astype(np.uint8), origin_mm)
    return row


def _missing_image(root: Path, row: Row) -> Row:
    (root / row[1]).unlink()
    return row


def _truncated_dicom(root: Path, row: Row) -> Row:
    folder = root / f"{row[0]}-dicom"
    values = np.random.default_rng(1).integers(-900, 200, SHAPE[::-1])
    write_series(folder, values)
    victim = sorted(folder.iterdir())[3]
    victim.write_bytes(victim.read_bytes()[:-400])
    return (row[0], folder.name, *row[2:])


def _truncated_gzip(root: Path, row: Row) -> Row:
    path = root / row[1]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return row


def _other_grid(root: Path, row: Row) -> Row:
    mask = np.zeros(SHAPE, np.uint8)
    mask[8:18, 8:18, 4:9] = 1
    affine = np.diag([-1.7, -1.7, 2.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(mask, affine), root / row[2])
    return row


def _empty_mask(root: Path, row: Row) -> Row:
    return _mask(root, row, np.zeros(SHAPE))


def _one_voxel(root: Path, row: Row) -> Row:
    mask = np.zeros(SHAPE)
    mask[10, 10, 5] = 1
    return _mask(root, row, mask)


def _absent_label(root: Path, row: Row) -> Row:
    return (*row[:3], "7", *row[4:])


def _nan_image(root: Path, row: Row) -> Row:
    save(root / row[1], np.full(SHAPE, np.nan, np.float32))
    return row


def _text_file(root: Path, row: Row) -> Row:
    (root / row[1]).write_text("this is no image\n" * 50, encoding="utf-8")
    return row


def _outside(root: Path, row: Row) -> Row:
    return _mask(root, row, np.ones(SHAPE), (500.0, 0.0, 0.0))


BROKEN: dict[str, Callable[[Path, Row], Row]] = {
    "missing image": _missing_image,
    "truncated DICOM": _truncated_dicom,
    "truncated gzip": _truncated_gzip,
    "another grid": _other_grid,
    "empty mask": _empty_mask,
    "one voxel": _one_voxel,
    "absent label": _absent_label,
    "NaN image": _nan_image,
    "not an image": _text_file,
    "outside": _outside,
}
SENTENCES = {
    "missing image": "nothing can be opened at its path",
    "truncated DICOM": "cut short",
    "truncated gzip": "ends before its voxels do",
    "another grid": "does not lie on the grid of the image",
    "empty mask": "the mask is empty",
    "one voxel": "a single voxel",
    "absent label": "no region of the mask has the name or number",
    "NaN image": "no voxel of the image holds a finite intensity",
    "not an image": "the image file is none of them",
    "outside": "lies outside the image",
}
"""Words of the error line that each way gives."""
