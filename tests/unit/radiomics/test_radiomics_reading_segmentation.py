"""DICOM segmentations, as highdicom writes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from serving.domain.errors import InvalidRequest, UnsupportedImage
from serving.radiomics.reading import RoiSelection, open_case, read_case
from tests.unit.radiomics.dicom_case_files import (
    OBLIQUE,
    Layout,
    Series,
    shuffle_frames,
    write_segmentation,
    write_series,
)

SHAPE = (7, 18, 22)
VALUES = np.random.default_rng(4).integers(-900, 900, SHAPE)


def _masks() -> list[np.ndarray]:
    one, two = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    one[1:4, 3:9, 5:15] = True
    one[2, 5, 7] = False
    two[3:6, 2:7, 1:8] = True
    two[4] = False
    two[4, 10, 10:13] = True
    return [one, two]


@pytest.fixture
def series(tmp_path: Path) -> Series:
    return write_series(tmp_path / "image", VALUES)


@pytest.mark.parametrize("layout", [Layout(), OBLIQUE])
def test_segments_come_onto_the_grid(tmp_path: Path, layout: Layout) -> None:
    series = write_series(tmp_path / "image", VALUES, layout)
    path = write_segmentation(tmp_path / "seg.dcm", series, _masks())
    case = read_case(series.folder, path)
    assert [roi.name for roi in case.rois] == ["Part 1", "Part 2"]
    for roi, mask in zip(case.rois, _masks(), strict=True):
        assert np.array_equal(roi.mask, mask)
    assert case.notices == ("The region has 3 separate parts; they were measured as one.",)


def test_frames_may_stand_in_any_order_and_empty_ones_be_absent(
    tmp_path: Path, series: Series
) -> None:
    path = write_segmentation(tmp_path / "seg.dcm", series, _masks())
    count = int(pydicom.dcmread(path).NumberOfFrames)
    assert count < 2 * SHAPE[0]
    shuffle_frames(path, np.random.default_rng(0).permutation(count).tolist())
    case = read_case(series.folder, path)
    assert all(np.array_equal(r.mask, m) for r, m in zip(case.rois, _masks(), strict=True))


def test_segments_are_chosen_by_number_and_label(tmp_path: Path, series: Series) -> None:
    path = write_segmentation(tmp_path / "seg.dcm", series, _masks())
    for text in ("2", "part 2", "*2"):
        (roi,) = read_case(series.folder, path, RoiSelection.parse(text)).rois
        assert np.array_equal(roi.mask, _masks()[1])


def test_fractional_segment_takes_voxels_filled_by_half(tmp_path: Path, series: Series) -> None:
    shares = np.where(_masks()[0], 0.7, 0.3)
    shares[2, 5, 7] = 0.49
    options = {"fractional_type": "OCCUPANCY", "max_fractional_value": 200}
    path = write_segmentation(tmp_path / "seg.dcm", series, [shares], "FRACTIONAL", **options)
    assert np.array_equal(read_case(series.folder, path).rois[0].mask, _masks()[0])


def test_label_map_segmentation_is_read(tmp_path: Path, series: Series) -> None:
    one, two = _masks()
    labels = [one, two & ~one]
    path = write_segmentation(tmp_path / "seg.dcm", series, labels, "LABELMAP")
    case = read_case(series.folder, path)
    chosen = [roi for roi in case.rois if roi.name.startswith("Part")]
    assert all(np.array_equal(r.mask, m) for r, m in zip(chosen, labels, strict=True))


def test_segmentation_may_cover_a_part_of_the_image(tmp_path: Path, series: Series) -> None:
    few = replace(series, datasets=series.datasets[2:5])
    path = write_segmentation(tmp_path / "seg.dcm", few, [_masks()[0][2:5]])
    expected = _masks()[0].copy()
    expected[1] = False
    assert np.array_equal(read_case(series.folder, path).rois[0].mask, expected)


def test_segmentation_of_another_grid_is_refused(tmp_path: Path, series: Series) -> None:
    other = write_series(tmp_path / "other", VALUES, Layout(spacing_mm=(2.5, 1.3, 1.3)))
    path = write_segmentation(tmp_path / "seg.dcm", other, _masks())
    with pytest.raises(InvalidRequest, match=r"its voxels measure 1\.300 x 1\.300 x 2\.500 mm"):
        read_case(series.folder, path)


def test_truncated_segmentation_is_refused(tmp_path: Path, series: Series) -> None:
    path = write_segmentation(tmp_path / "seg.dcm", series, _masks())
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UnsupportedImage, match="cut short"):
        read_case(series.folder, path)


def test_frames_that_are_only_claimed_are_refused(tmp_path: Path, series: Series) -> None:
    path = write_segmentation(tmp_path / "seg.dcm", series, _masks())
    found = pydicom.dcmread(path)
    found.NumberOfFrames = 2_000_000_000
    found.save_as(path)
    with pytest.raises(UnsupportedImage, match="frames of an instance"):
        read_case(series.folder, path)


def test_regions_are_placed_one_by_one(tmp_path: Path, series: Series) -> None:
    path = write_segmentation(tmp_path / "seg.dcm", series, [*_masks(), np.zeros(SHAPE, bool)])
    opened = open_case(series.folder, path)
    assert np.array_equal(opened.roi(opened.entries[0])[0].mask, _masks()[0])
    with pytest.raises(InvalidRequest, match="the mask is empty"):
        opened.roi(opened.entries[2])


def test_two_masks_beside_the_image_are_not_guessed_between(series: Series) -> None:
    write_segmentation(series.folder / "a.dcm", series, _masks())
    assert len(read_case(series.folder, None).rois) == 2
    write_segmentation(series.folder / "b.dcm", series, _masks())
    with pytest.raises(InvalidRequest, match="and 2 came"):
        read_case(series.folder, None)
