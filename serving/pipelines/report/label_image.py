"""Label maps as NIfTI-1 files on the source grid."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from serving.domain.volume import Geometry
from serving.pipelines.report.regular_grid import UNSEEN, is_source_grid, source_slices

_SCANNER = 1
"""NIFTI_XFORM_SCANNER_ANAT: coordinates of the scanner, as DICOM's are."""
_NONE = 0
_FASTEST = 1
"""Label maps are nearly empty: higher levels of gzip cost time and gain nothing."""
_SHEAR = 1e-4


def label_image(
    labels: NDArray[np.unsignedinteger[Any]], geometry: Geometry, description: str
) -> nibabel.Nifti1Image:
    """A label map (slices, rows, columns) as NIfTI with axes (column, row, slice) in RAS mm.

    Uneven slices are laid by nearest neighbour on the regular grid of the affine; where no slice
    was seen the label is 0. `description` is a fixed text of at most 79 bytes, never patient data.
    """
    affine = geometry.affine_ras
    image = nibabel.Nifti1Image(_on_regular_grid(labels, geometry).T, affine)
    image.set_sform(affine, code=_SCANNER)
    image.set_qform(affine, code=_NONE if has_shear(affine) else _SCANNER)
    image.header.set_zooms(np.linalg.norm(affine[:3, :3], axis=0))
    image.header.set_xyzt_units("mm")
    image.header.set_intent("label")
    image.header["descrip"] = description.encode("ascii")
    return image


def write_label_image(image: nibabel.Nifti1Image, path: Path) -> None:
    """Writes a .nii.gz whose bytes depend on the image alone (no time, no name in its header)."""
    path.write_bytes(gzip.compress(image.to_bytes(), _FASTEST, mtime=0))


def has_shear(affine: NDArray[np.float64]) -> bool:
    """Whether the axes are not at right angles (gantry tilt), which a quaternion cannot hold."""
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.abs(axes.T @ axes - np.eye(3)).max() > _SHEAR)


def _on_regular_grid(
    labels: NDArray[np.unsignedinteger[Any]], geometry: Geometry
) -> NDArray[np.unsignedinteger[Any]]:
    sources = source_slices(geometry)
    if is_source_grid(sources, geometry):
        return labels
    gridded = labels[sources]
    gridded[sources == UNSEEN] = 0
    return gridded
