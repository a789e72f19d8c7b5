"""Label maps as NIfTI: every voxel lies where DICOM says it lies."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from serving.domain.volume import Geometry
from serving.pipelines.report.label_image import label_image, write_label_image

AXIAL = np.eye(3)
HEAD_LAST_PRONE = np.diag([-1.0, -1.0, 1.0])
CORONAL = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=float)
SAGITTAL = np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0]], dtype=float)
_ANGLE = np.deg2rad(17.0)
OBLIQUE = np.array(
    [
        [np.cos(_ANGLE), -np.sin(_ANGLE), 0],
        [np.sin(_ANGLE), np.cos(_ANGLE), 0],
        [0, 0, 1],
    ]
) @ np.array(
    [
        [1, 0, 0],
        [0, np.cos(_ANGLE), -np.sin(_ANGLE)],
        [0, np.sin(_ANGLE), np.cos(_ANGLE)],
    ]
)
ORIENTATIONS = {
    "axial": AXIAL,
    "feet to head reversed": np.diag([1.0, 1.0, -1.0]),
    "prone": HEAD_LAST_PRONE,
    "coronal": CORONAL,
    "sagittal": SAGITTAL,
    "oblique": OBLIQUE,
}


def dicom_ras_mm(geometry: Geometry, column: int, row: int, index: int) -> Any:
    """Position by DICOM's own rule (PS3.3 C.7.6.2.1.1): origin of the slice, then the steps."""
    affine = geometry.affine_lps
    travelled = geometry.slice_offsets_mm[index] - geometry.slice_offsets_mm[0]
    lean = affine[:3, 2] / abs(affine[:3, 2] @ geometry.normal)
    origin = affine[:3, 3] + travelled * lean
    lps = origin + column * affine[:3, 0] + row * affine[:3, 1]
    return lps * (-1, -1, 1)


def read_back(labels: Any, geometry: Geometry, folder: Path) -> nibabel.Nifti1Image:
    path = folder / "labels.nii.gz"
    write_label_image(label_image(labels, geometry, "test labels"), path)
    return nibabel.load(path)


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_a_voxel_keeps_its_place_in_every_orientation(
    name: str, samples: Any, tmp_path: Path
) -> None:
    geometry = samples.geometry((5, 7, 9), (2.5, 0.8, 0.6), ORIENTATIONS[name])
    labels = np.zeros((5, 7, 9), np.uint16)
    labels[3, 2, 6] = 4711
    image = read_back(labels, geometry, tmp_path)
    (place,) = np.argwhere(np.asarray(image.dataobj) == 4711)
    assert tuple(place) == (6, 2, 3)
    found = nibabel.affines.apply_affine(image.affine, place)
    np.testing.assert_allclose(found, dicom_ras_mm(geometry, 6, 2, 3), atol=1e-3)
    quaternion = image.header.get_qform()
    np.testing.assert_allclose(nibabel.affines.apply_affine(quaternion, place), found, atol=1e-3)


def test_header_says_scanner_millimetres_and_spacing(samples: Any, tmp_path: Path) -> None:
    geometry = samples.geometry((5, 7, 9), (2.5, 0.8, 0.6), OBLIQUE)
    image = read_back(np.zeros((5, 7, 9), np.uint8), geometry, tmp_path)
    assert int(image.header["sform_code"]) == int(image.header["qform_code"]) == 1
    assert image.header.get_xyzt_units()[0] == "mm"
    np.testing.assert_allclose(image.header.get_zooms(), (0.6, 0.8, 2.5), rtol=1e-6)
    assert image.get_data_dtype() == np.uint8
    assert image.shape == (9, 7, 5)


def test_a_tilted_gantry_is_held_by_the_sform_alone(samples: Any, tmp_path: Path) -> None:
    tilted = np.eye(3)
    tilted[:, 2] = (0.0, 0.3, 1.0)
    geometry = samples.geometry((5, 7, 9), (2.5, 0.8, 0.6), tilted)
    labels = np.zeros((5, 7, 9), np.uint16)
    labels[4, 6, 8] = 3
    image = read_back(labels, geometry, tmp_path)
    (place,) = np.argwhere(np.asarray(image.dataobj))
    found = nibabel.affines.apply_affine(image.affine, place)
    np.testing.assert_allclose(found, dicom_ras_mm(geometry, 8, 6, 4), atol=1e-3)
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (1, 0)


def test_a_missing_slice_leaves_a_gap_and_moves_nothing(samples: Any, tmp_path: Path) -> None:
    geometry = samples.geometry((4, 6, 6), (2.0, 1.0, 1.0), None, (0.0, 2.0, 6.0, 8.0))
    labels = np.stack([np.full((6, 6), n, np.uint16) for n in (1, 2, 3, 4)])
    image = read_back(labels, geometry, tmp_path)
    data = np.asarray(image.dataobj)
    assert data[0, 0].tolist() == [1, 2, 0, 3, 4]
    for index, label in enumerate((1, 2, 3, 4)):
        (k,) = np.flatnonzero(data[2, 5] == label)
        found = nibabel.affines.apply_affine(image.affine, (2, 5, k))
        np.testing.assert_allclose(found, dicom_ras_mm(geometry, 2, 5, index), atol=1e-3)


def test_uneven_slices_stay_within_half_a_step(samples: Any, tmp_path: Path) -> None:
    offsets = np.cumsum([0.0, 1.0, 1.2, 0.9, 1.1, 1.3, 1.2, 1.3, 1.0, 1.2])
    geometry = samples.geometry((10, 6, 6), (1.0, 1.0, 1.0), None, offsets)
    labels = np.arange(1, 11, dtype=np.uint8)[:, None, None] * np.ones((1, 6, 6), np.uint8)
    data = np.asarray(read_back(labels, geometry, tmp_path).dataobj)[0, 0]
    assert data.size == 11
    assert set(data.tolist()) == set(range(1, 11))
    assert np.all(np.abs(offsets[data - 1] - np.arange(11)) <= 0.65)


def test_the_same_labels_give_the_same_bytes_without_time_or_name(
    samples: Any, tmp_path: Path
) -> None:
    geometry = samples.geometry((5, 7, 9))
    labels = np.ones((5, 7, 9), np.uint8)
    first, second = tmp_path / "a.nii.gz", tmp_path / "b.nii.gz"
    for path in (first, second):
        write_label_image(label_image(labels, geometry, "test labels"), path)
    data = first.read_bytes()
    assert data == second.read_bytes()
    assert data[4:8] == b"\0\0\0\0", "gzip header holds a time"
    assert data[3] == 0, "gzip header holds a name"
    header = nibabel.Nifti1Header(gzip.decompress(data)[:348])
    texts = {bytes(header[key]).strip(b"\0") for key in ("db_name", "aux_file", "intent_name")}
    assert texts == {b""}
    assert bytes(header["descrip"]).strip(b"\0") == b"test labels"
