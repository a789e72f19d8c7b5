"""NIfTI and NRRD images and label maps, and masks on grids of their own."""

from __future__ import annotations

import bz2
import gzip
import os
import struct
from itertools import permutations, product
from pathlib import Path
from typing import Any

import nibabel
import nrrd
import numpy as np
import pytest

from serving.dicom.settings import DicomSettings
from serving.domain.errors import InvalidRequest, UnsupportedImage
from serving.radiomics.imaging.image import Case
from serving.radiomics.reading import RoiSelection, read_case
from tests.unit.radiomics.dicom_case_files import write_series

SHAPE = (15, 12, 8)
"""(columns, rows, slices)."""
AFFINE = np.array([[-0.9, 0, 0, 40], [0, -0.8, 0, 30], [0, 0, 2.5, -20], [0, 0, 0, 1.0]])
"""To RAS: rows and columns as DICOM has them."""
SHIFT = np.eye(4)
SHIFT[0, 3] = 0.5
VALUES = np.random.default_rng(5).integers(-900, 900, SHAPE).astype(np.int16)


def _labels() -> np.ndarray:
    found = np.zeros(SHAPE, np.uint8)
    found[3:9, 2:8, 2:5] = 1
    found[10:13, 5:9, 4:7] = 3
    return found


def _nifti(path: Path, values: np.ndarray, affine: np.ndarray = AFFINE) -> Path:
    nibabel.save(nibabel.Nifti1Image(values, affine), path)
    return path


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return _nifti(tmp_path / "image.nii.gz", VALUES)


def _read(image: Path, mask: Path, roi: str = "1", **limits: Any) -> Case:
    return read_case(image, mask, RoiSelection.parse(roi), DicomSettings(**limits))


def _expected(label: int = 1) -> np.ndarray:
    return (_labels() == label).transpose(2, 1, 0)


def test_nifti_pair_in_dicom_orientation(tmp_path: Path, image: Path) -> None:
    case = read_case(image, _nifti(tmp_path / "mask.nii", _labels()))
    assert [roi.name for roi in case.rois] == ["1", "3"]
    assert np.array_equal(case.image.values, VALUES.transpose(2, 1, 0))
    assert np.array_equal(case.rois[1].mask, _expected(3))
    assert case.image.spacing_mm == pytest.approx((2.5, 0.8, 0.9))
    assert case.image.affine_lps[:3, 3] == pytest.approx((-40, -30, -20))


def test_scaling_of_the_header_is_applied(tmp_path: Path) -> None:
    found = nibabel.Nifti1Image(VALUES, AFFINE)
    found.header.set_slope_inter(0.5, -7)
    nibabel.save(found, tmp_path / "image.nii")
    case = _read(tmp_path / "image.nii", _nifti(tmp_path / "mask.nii", _labels()))
    written = nibabel.load(tmp_path / "image.nii").get_fdata().transpose(2, 1, 0)
    assert np.array_equal(case.image.values, written)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_mask_with_exchanged_and_flipped_axes_finds_its_place(
    tmp_path: Path, image: Path, order: tuple[int, int, int]
) -> None:
    for flips in product((False, True), repeat=3):
        turned, affine = _turned(_labels(), order, flips)
        case = _read(image, _nifti(tmp_path / "mask.nii", turned, affine), "3")
        assert np.array_equal(case.rois[0].mask, _expected(3))


def _turned(values: np.ndarray, order: Any, flips: Any) -> tuple[np.ndarray, np.ndarray]:
    affine = AFFINE.copy()
    affine[:3, :3] = AFFINE[:3, list(order)]
    turned = values.transpose(order)
    for axis in np.flatnonzero(flips):
        affine[:3, 3] += affine[:3, axis] * (turned.shape[axis] - 1)
        affine[:3, axis] *= -1
        turned = np.flip(turned, axis)
    return turned, affine


def test_cropped_mask_is_put_back(tmp_path: Path, image: Path) -> None:
    affine = AFFINE.copy()
    affine[:3, 3] = (AFFINE @ (2, 1, 1, 1))[:3]
    mask = _nifti(tmp_path / "mask.nii", _labels()[2:11, 1:9, 1:6], affine)
    assert np.array_equal(_read(image, mask).rois[0].mask, _expected())


def test_mask_may_reach_beyond_the_image_with_a_notice(tmp_path: Path, image: Path) -> None:
    affine = AFFINE.copy()
    affine[:3, 3] = (AFFINE @ (9, 0, 0, 1))[:3]
    case = _read(image, _nifti(tmp_path / "mask.nii", _labels(), affine))
    assert case.rois[0].mask.sum() == 3 * 6 * 3
    assert case.notices == ("54 voxels of the mask lie outside the image and were left out.",)
    affine[:3, 3] = (AFFINE @ (90, 0, 0, 1))[:3]
    with pytest.raises(InvalidRequest, match="lies outside the image"):
        _read(image, _nifti(tmp_path / "mask.nii", _labels(), affine))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (np.diag([1.5, 1, 1, 1]), r"its voxels measure 1\.350 x 0\.800 x 2\.500 mm"),
        (
            np.array([[1, 0, 0, 0.5], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
            "0.50 voxels beside",
        ),
    ],
)
def test_other_grids_are_refused_with_what_differs(
    tmp_path: Path, image: Path, change: np.ndarray, words: str
) -> None:
    with pytest.raises(InvalidRequest, match=words):
        _read(image, _nifti(tmp_path / "mask.nii", _labels(), AFFINE @ change))


def test_turned_grid_is_refused_with_its_angle(tmp_path: Path, image: Path) -> None:
    square = np.diag([-1.0, -1.0, 1.0, 1.0])
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]]
    mask = _nifti(tmp_path / "mask.nii", _labels(), turn @ square)
    with pytest.raises(InvalidRequest, match=r"turned by 17\.2 degrees"):
        _read(_nifti(image, VALUES, square), mask)


def test_nifti_mask_lies_on_a_dicom_image(tmp_path: Path) -> None:
    values = VALUES.transpose(2, 1, 0).astype(int)
    series = write_series(tmp_path / "image", values)
    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ series.layout.affine
    case = _read(series.folder, _nifti(tmp_path / "mask.nii.gz", _labels(), ras))
    assert np.array_equal(case.rois[0].mask, _expected())
    assert np.array_equal(case.image.values, values)


def test_kind_is_told_by_content_not_by_name(tmp_path: Path, image: Path) -> None:
    mask = _nifti(tmp_path / "mask.nii.gz", _labels())
    bare = [path.rename(path.with_suffix("").with_suffix("")) for path in (image, mask)]
    assert _read(bare[0], bare[1]).rois[0].mask.sum() == _expected().sum()


def test_labels_must_be_whole_numbers(tmp_path: Path, image: Path) -> None:
    shares = np.where(_labels(), 0.7, 0.1)
    with pytest.raises(UnsupportedImage, match="it holds fractions"):
        _read(image, _nifti(tmp_path / "mask.nii", shares))
    with pytest.raises(UnsupportedImage, match="image and mask are not exchanged"):
        _read(image, image)
    whole = _nifti(tmp_path / "mask.nii", _labels().astype(np.float32))
    assert np.array_equal(_read(image, whole).rois[0].mask, _expected())


def test_absent_label_lists_those_that_are_there(tmp_path: Path, image: Path) -> None:
    with pytest.raises(InvalidRequest, match="it holds 2 regions, numbered 1, 3"):
        _read(image, _nifti(tmp_path / "mask.nii", _labels()), "2")


def test_infinite_intensities_count_only_in_the_region(tmp_path: Path) -> None:
    values = VALUES.astype(np.float32)
    values[0, 0, 0], values[14, 0, 0] = np.nan, np.inf
    mask = _nifti(tmp_path / "mask.nii", _labels())
    case = _read(_nifti(tmp_path / "image.nii", values), mask)
    assert np.isfinite(case.image.values).all()
    assert case.image.values[0, 0, 0] == np.nanmin(values[np.isfinite(values)])
    assert case.notices[0].startswith("2 voxels of the image hold no finite intensity")
    values[4, 4, 3] = np.nan
    with pytest.raises(UnsupportedImage, match="1 of the region's 108 voxels"):
        _read(_nifti(tmp_path / "image.nii", values), mask)


def test_series_of_volumes_and_colours_are_refused(tmp_path: Path) -> None:
    mask = _nifti(tmp_path / "mask.nii", _labels())
    several = _nifti(tmp_path / "image.nii", np.stack([VALUES, VALUES], axis=-1))
    with pytest.raises(UnsupportedImage, match="a series of them"):
        _read(several, mask)
    one = _nifti(tmp_path / "image.nii", VALUES[..., None])
    assert np.array_equal(_read(one, mask).rois[0].mask, _expected())
    colours = np.zeros(SHAPE, dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    with pytest.raises(UnsupportedImage, match="colours"):
        _read(_nifti(tmp_path / "image.nii", colours), mask)


def test_file_that_says_nothing_of_its_place_is_noticed(tmp_path: Path) -> None:
    for name, values in (("image.nii", VALUES), ("mask.nii", _labels())):
        nibabel.save(nibabel.Nifti1Image(values, None), tmp_path / name)
    case = _read(tmp_path / "image.nii", tmp_path / "mask.nii")
    assert case.notices == (
        "The image file does not say how it lies in the patient; its spacings were taken.",
    )


def _header(shape: tuple[int, int, int]) -> bytes:
    """Of a NIfTI file that claims to hold `shape` float64 voxels."""
    found = bytearray(nibabel.Nifti1Image(np.zeros((1, 1, 1)), AFFINE).header.binaryblock)
    found[40:48] = struct.pack("<4h", 3, *shape)
    found[108:112] = struct.pack("<f", 352)
    found[344:348] = b"n+1\0"
    return bytes(found) + b"\0" * 4


def test_declared_sizes_do_not_cost_memory(tmp_path: Path) -> None:
    mask = _nifti(tmp_path / "mask.nii", _labels())
    image = tmp_path / "image.nii"
    image.write_bytes(_header((32000, 32000, 32000)))
    with pytest.raises(UnsupportedImage, match="voxels of an image: at most"):
        _read(image, mask)
    image.write_bytes(_header((700, 700, 700)))
    with pytest.raises(UnsupportedImage, match="ends before its voxels do"):
        _read(image, mask)


def test_gzip_bombs_are_not_inflated(tmp_path: Path) -> None:
    mask = _nifti(tmp_path / "mask.nii", _labels())
    image = tmp_path / "image.nii.gz"
    image.write_bytes(gzip.compress(_header((1000, 1000, 40)) + b"\0" * 8_000_000))
    with pytest.raises(UnsupportedImage, match="at most 125000 is accepted and 40000000 came"):
        _read(image, mask, max_decoded_bytes=1_000_000)


@pytest.mark.parametrize("keep", [0.02, 0.5, 0.999])
def test_truncated_gzip_is_told(tmp_path: Path, image: Path, keep: float) -> None:
    data = image.read_bytes()
    image.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(UnsupportedImage, match=r"ends before its voxels do|none of them"):
        _read(image, _nifti(tmp_path / "mask.nii", _labels()))


def test_broken_headers_are_refused_whatever_they_say(tmp_path: Path) -> None:
    mask = _nifti(tmp_path / "mask.nii", _labels())
    whole = (_nifti(tmp_path / "image.nii", VALUES)).read_bytes()
    random = np.random.default_rng(11)
    for _ in range(150):
        broken = bytearray(whole)
        for at in random.integers(0, 352, 12):
            broken[at] = random.integers(0, 256)
        (tmp_path / "image.nii").write_bytes(bytes(broken))
        try:
            case = _read(tmp_path / "image.nii", mask, max_decoded_bytes=10_000_000)
        except (InvalidRequest, UnsupportedImage):
            continue
        assert np.isfinite(case.image.values).all()


LPS = {
    "space": "left-posterior-superior",
    "space directions": np.diag([0.9, 0.8, 2.5]),
    "space origin": np.array([-40.0, -30.0, -20.0]),
}


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2"])
def test_nrrd_gives_what_nifti_gives(tmp_path: Path, image: Path, encoding: str) -> None:
    paths = tmp_path / "image.nrrd", tmp_path / "mask.nrrd"
    for path, values in zip(paths, (VALUES, _labels()), strict=True):
        nrrd.write(str(path), values, LPS | {"encoding": encoding})
    ours = _read(*paths)
    theirs = _read(image, _nifti(tmp_path / "mask.nii", _labels()))
    assert np.array_equal(ours.image.values, theirs.image.values)
    assert np.array_equal(ours.rois[0].mask, theirs.rois[0].mask)
    assert np.allclose(ours.image.affine_lps, theirs.image.affine_lps)
    assert _read(image, paths[1]).rois[0].mask.sum() == _expected().sum()


def test_nrrd_in_ras_is_turned(tmp_path: Path) -> None:
    ras = {
        "space": "right-anterior-superior",
        "space directions": np.diag([-0.9, -0.8, 2.5]),
        "space origin": np.array([40.0, 30.0, -20.0]),
    }
    nrrd.write(str(tmp_path / "image.nrrd"), VALUES, ras)
    nrrd.write(str(tmp_path / "mask.nrrd"), _labels(), LPS)
    case = _read(tmp_path / "image.nrrd", tmp_path / "mask.nrrd")
    assert np.array_equal(case.rois[0].mask, _expected())


def test_names_of_slicer_segmentations_are_read(tmp_path: Path, image: Path) -> None:
    named = {"Segment0_Name": "Tumour", "Segment0_LabelValue": "3", "Segment0_Layer": "0"}
    nrrd.write(str(tmp_path / "mask.seg.nrrd"), _labels(), LPS | named)
    case = _read(image, tmp_path / "mask.seg.nrrd", "tumour")
    assert (case.rois[0].name, case.rois[0].mask.sum()) == ("Tumour", _expected(3).sum())


def test_layers_of_slicer_segmentations_are_read(tmp_path: Path, image: Path) -> None:
    layers = np.stack([_labels() == 1, _labels() == 3]).astype(np.uint8)
    named = {
        f"Segment{i}_{key}": value
        for i, name in enumerate(("Lung", "Tumour"))
        for key, value in (("Name", name), ("LabelValue", "1"), ("Layer", str(i)))
    }
    places = LPS | {"space directions": np.vstack([np.full(3, np.nan), np.diag([0.9, 0.8, 2.5])])}
    nrrd.write(str(tmp_path / "mask.seg.nrrd"), layers, places | named)
    case = _read(image, tmp_path / "mask.seg.nrrd", "Lung|Tumour")
    assert [roi.mask.sum() for roi in case.rois] == [_expected().sum(), _expected(3).sum()]


def _nrrd_text(**fields: str) -> bytes:
    known = {"type": "short", "dimension": "3", "sizes": "15 12 8", "encoding": "raw"} | fields
    return "\n".join(
        ["NRRD0004", *(f"{k.replace('_', ' ')}: {v}" for k, v in known.items())]
    ).encode()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"data_file": "../../etc/passwd"}, "another file, which is not opened"),
        ({"datafile": "LIST"}, "another file, which is not opened"),
        ({"encoding": "hex"}, "expected the encoding raw, gzip or bzip2"),
        ({"dimension": "4", "sizes": "3 15 12 8"}, "colours, vectors or a series"),
        ({"kinds": "RGB-color domain domain"}, "colours"),
        ({"byte_skip": "-1"}, "bytes are to be skipped"),
        ({"type": "block"}, "not whole or real numbers"),
        ({"sizes": "60000 60000 60000"}, "voxels of an image: at most"),
        ({"sizes": "15 12 900"}, "ends before its voxels do"),
        ({"sizes": "15 x 8"}, "makes no sense"),
        ({"encoding": "gzip"}, "ends before its voxels do"),
        ({"spacings": "0 1 1"}, "expected spacings above 0 mm"),
    ],
)
def test_nrrd_tricks_are_refused(tmp_path: Path, fields: dict[str, str], words: str) -> None:
    image = tmp_path / "image.nhdr"
    image.write_bytes(_nrrd_text(**fields) + b"\n\n" + VALUES.tobytes())
    with pytest.raises(UnsupportedImage, match=words):
        _read(image, _nifti(tmp_path / "mask.nii", _labels()))


def test_bzip2_bombs_are_not_inflated(tmp_path: Path) -> None:
    image = tmp_path / "image.nrrd"
    bomb = bz2.compress(b"\0" * 50_000_000)
    image.write_bytes(_nrrd_text(encoding="bzip2") + b"\n\n" + bomb)
    nrrd.write(str(tmp_path / "mask.nrrd"), _labels())
    case = _read(image, tmp_path / "mask.nrrd")
    assert case.image.values.shape == SHAPE[::-1]
    assert not case.image.values.any()


def test_missing_and_foreign_files_are_told_apart(tmp_path: Path, image: Path) -> None:
    with pytest.raises(InvalidRequest, match="the image's file or folder, and nothing"):
        _read(tmp_path / "absent", image)
    with pytest.raises(InvalidRequest, match="the mask's file or folder, and nothing"):
        _read(image, tmp_path / "absent")
    with pytest.raises(InvalidRequest, match="none was given"):
        read_case(image, None)
    for name, data in (("notes.txt", b"no image" * 99), ("zeros", b"\0" * 999), ("none", b"")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UnsupportedImage, match="the image file is none of them"):
            _read(tmp_path / name, image)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidRequest, match="the image's file or folder, and nothing"):
        _read(tmp_path / "pipe", image)
