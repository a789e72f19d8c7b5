"""DICOM series with RT Structure Sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from serving.domain.errors import InvalidRequest, UnsupportedImage
from serving.radiomics.reading import RoiSelection, open_case, read_case
from tests.unit.pipelines.shared_data import folder
from tests.unit.radiomics.dicom_case_files import (
    OBLIQUE,
    Layout,
    Series,
    write_series,
    write_structure_set,
)

VALUES = np.random.default_rng(3).integers(-900, 900, (9, 20, 24))
BOX = [(4.5, 3.5), (12.5, 3.5), (12.5, 9.5), (4.5, 9.5)]
HOLE = [(6.5, 5.5), (8.5, 5.5), (8.5, 7.5), (6.5, 7.5)]
TURNED = Layout(rotation=np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0]]).T)
FLIPPED = Layout(rotation=np.diag([-1.0, 1.0, -1.0]))


def _expected() -> np.ndarray:
    mask = np.zeros(VALUES.shape, bool)
    mask[2:5, 4:10, 5:13] = True
    mask[2:5, 6:8, 7:9] = False
    return mask


def _regions() -> dict[str, list]:
    box = [(k, one) for k in (4, 2, 3) for one in (BOX, HOLE)]
    return {"GTV-1": box, "Body": [(1, BOX), (2, BOX)], "Nothing": []}


@pytest.fixture
def series(tmp_path: Path) -> Series:
    return write_series(tmp_path / "image", VALUES)


@pytest.mark.parametrize("layout", [Layout(), OBLIQUE, TURNED, FLIPPED])
def test_contours_with_holes_come_onto_the_grid_in_any_orientation(
    tmp_path: Path, layout: Layout
) -> None:
    series = write_series(tmp_path / "image", VALUES, layout)
    drawn = write_structure_set(tmp_path / "rs.dcm", series, _regions())
    case = read_case(series.folder, drawn, RoiSelection.parse("gtv-1"))
    order = _slice_order(layout)
    assert np.array_equal(case.image.values, VALUES[order])
    assert np.array_equal(case.rois[0].mask, _expected()[order])
    assert case.image.spacing_mm == pytest.approx(layout.spacing_mm)
    assert (case.modality, case.notices) == ("CT", ())


def _slice_order(layout: Layout) -> slice:
    """The reader lets slices ascend along the normal's largest component."""
    normal = layout.affine[:3, 2]
    return slice(None, None, 1 if normal[np.argmax(np.abs(normal))] > 0 else -1)


def test_structure_set_is_found_among_the_images(series: Series) -> None:
    write_structure_set(series.folder / "rs.dcm", series, _regions())
    case = read_case(series.folder, None, RoiSelection.parse("B*"))
    assert [roi.name for roi in case.rois] == ["Body"]


def test_rois_are_chosen_by_name_pattern_and_number(tmp_path: Path, series: Series) -> None:
    drawn = write_structure_set(tmp_path / "rs.dcm", series, _regions())
    for text, names in (
        ("1", ["GTV-1"]),
        ("GTV?1|body", ["GTV-1", "Body"]),
        ("[bg]*", ["GTV-1", "Body"]),
    ):
        case = read_case(series.folder, drawn, RoiSelection.parse(text))
        assert [roi.name for roi in case.rois] == names
    assert len(open_case(series.folder, drawn).entries) == 3


def test_absent_roi_is_told_by_numbers_without_names(tmp_path: Path, series: Series) -> None:
    drawn = write_structure_set(tmp_path / "rs.dcm", series, _regions())
    with pytest.raises(InvalidRequest) as caught:
        read_case(series.folder, drawn, RoiSelection.parse("PTV of Secret"))
    assert "3 regions, numbered 1, 2, 3" in caught.value.message
    assert "GTV" not in caught.value.message
    assert "Secret" not in caught.value.message


def test_region_without_contours_is_empty(tmp_path: Path, series: Series) -> None:
    drawn = write_structure_set(tmp_path / "rs.dcm", series, _regions())
    with pytest.raises(InvalidRequest, match="the mask is empty"):
        read_case(series.folder, drawn, RoiSelection.parse("Nothing"))


def test_mask_of_another_series_and_frame_is_noticed(tmp_path: Path, series: Series) -> None:
    other = {"series_uid": "1.2.3"}
    drawn = write_structure_set(tmp_path / "rs.dcm", series, {"A": [(1, BOX)]}, **other)
    assert any("another series" in n for n in read_case(series.folder, drawn).notices)
    drawn = write_structure_set(tmp_path / "rs.dcm", series, {"A": [(1, BOX)]}, frame_uid="1.2.4")
    assert any("frame of reference" in n for n in read_case(series.folder, drawn).notices)


def test_mask_chooses_its_series_among_several(tmp_path: Path, series: Series) -> None:
    write_series(series.folder / "other", VALUES + 5)
    drawn = write_structure_set(tmp_path / "rs.dcm", series, {"A": [(1, BOX)]})
    assert np.array_equal(read_case(series.folder, drawn).image.values, VALUES)
    drawn = write_structure_set(tmp_path / "rs.dcm", series, {"A": [(1, BOX)]}, series_uid="1.2.3")
    with pytest.raises(UnsupportedImage, match="expected one image series"):
        read_case(series.folder, drawn)


def test_contours_beside_slices_are_taken_to_the_nearest_with_a_notice(
    tmp_path: Path, series: Series
) -> None:
    drawn = write_structure_set(tmp_path / "rs.dcm", series, _regions(), shift_mm=0.8)
    case = read_case(series.folder, drawn, RoiSelection.parse("GTV-1"))
    assert np.array_equal(case.rois[0].mask, _expected())
    assert case.notices == (
        "Contours lie up to 0.32 slices beside the slices; the nearest were taken.",
    )


def test_contours_of_finer_slices_are_refused(tmp_path: Path, series: Series) -> None:
    drawn = write_structure_set(tmp_path / "rs.dcm", series, {"A": [(2, BOX), (2.4, BOX)]})
    with pytest.raises(InvalidRequest, match="closer to each other"):
        read_case(series.folder, drawn)


def test_contours_outside_the_image(tmp_path: Path, series: Series) -> None:
    drawn = write_structure_set(tmp_path / "rs.dcm", series, {"A": [(40, BOX)]})
    with pytest.raises(InvalidRequest, match="outside the image"):
        read_case(series.folder, drawn)
    drawn = write_structure_set(tmp_path / "rs.dcm", series, {"A": [(40, BOX), (8, BOX)]})
    assert read_case(series.folder, drawn).notices == (
        "1 contours lie outside the image and were left out.",
    )


def test_contours_across_the_slices_are_refused(tmp_path: Path, series: Series) -> None:
    upright = Layout(rotation=np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]).T)
    other = write_series(tmp_path / "other", VALUES, upright)
    drawn = write_structure_set(tmp_path / "rs.dcm", other, {"A": [(1, BOX)]})
    with pytest.raises(InvalidRequest, match="across them"):
        read_case(series.folder, drawn)


def test_slices_missing_from_the_series_are_refused(tmp_path: Path, series: Series) -> None:
    drawn = write_structure_set(tmp_path / "rs.dcm", series, {"A": [(1, BOX)]})
    next(series.folder.glob("*-4.dcm")).unlink()
    with pytest.raises(UnsupportedImage, match="some are missing"):
        read_case(series.folder, drawn)


def test_rescale_and_values_below_air_are_kept(tmp_path: Path) -> None:
    values = np.full((3, 20, 24), -1000)
    rescale = {"Modality": "MR", "RescaleSlope": 0.25, "RescaleIntercept": -3000.5}
    series = write_series(tmp_path / "image", values, **rescale)
    drawn = write_structure_set(tmp_path / "rs.dcm", series, {"A": [(1, BOX)]})
    case = read_case(series.folder, drawn)
    assert np.all(case.image.values == 24 * 0.25 - 3000.5)
    assert case.modality == "MR"


def test_hostile_coordinates_are_refused(tmp_path: Path, series: Series) -> None:
    drawn = write_structure_set(tmp_path / "rs.dcm", series, {"A": [(1, BOX)]})
    data = drawn.read_bytes()
    at = data.index(b"\\", data.index(b"CLOSED_PLANAR"))
    drawn.write_bytes(data[: at - 2] + b"xx" + data[at:])
    with pytest.raises(UnsupportedImage, match="something other than coordinates"):
        read_case(series.folder, drawn)


def test_truncated_structure_set_is_refused(tmp_path: Path, series: Series) -> None:
    drawn = write_structure_set(tmp_path / "rs.dcm", series, _regions())
    drawn.write_bytes(drawn.read_bytes()[:-300])
    with pytest.raises(UnsupportedImage, match=r"cut short|not; send only"):
        read_case(series.folder, drawn)


def test_ct_phantom_gives_the_published_mask_from_dicom_and_from_nifti() -> None:
    phantom = folder("ibsi-ct-phantom")
    dicom = read_case(phantom / "dicom/image", phantom / "dicom/mask")
    nifti = read_case(phantom / "nifti/image", phantom / "nifti/mask")
    mask = dicom.rois[0].mask
    assert dicom.rois[0].name == "GTV-1"
    assert dicom.image.values.shape == (60, 201, 204)
    assert mask.sum() == 125256
    assert [int(np.ptp(axis)) + 1 for axis in np.nonzero(mask)] == [26, 99, 100]
    assert dicom.image.values[mask].mean() == pytest.approx(-46.9, abs=0.05)
    assert np.array_equal(nifti.rois[0].mask, mask)
    assert np.array_equal(nifti.image.values, dicom.image.values)
    assert np.allclose(nifti.image.affine_lps, dicom.image.affine_lps, atol=1e-6)


def test_mask_of_more_slices_than_the_image_is_cut_to_it() -> None:
    case = read_case(folder("lidc-0314"), folder("lidc-0314-masks") / "consensus50.nii.gz")
    assert case.image.values.shape == (64, 512, 512)
    assert case.rois[0].mask.sum() == 3399
