"""Which series is chosen, and what is said of the others."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.uid import SecondaryCaptureImageStorage

from serving.domain.errors import UnsupportedImage

CORONAL = [1, 0, 0, 0, 0, -1]


def series(forge, number, heights, **changes):
    forge.series(
        heights,
        SeriesNumber=number,
        SeriesInstanceUID=f"1.2.3.{2000 + number}",
        SeriesDescription=f"S{number}",
        **changes,
    )


def full(step):
    return np.arange(0, 250, step)


def test_the_thinnest_full_series_wins(forge, read):
    series(forge, 1, full(25), SliceThickness=25)
    series(forge, 2, full(10), SliceThickness=10)
    series(forge, 3, full(50), SliceThickness=50)
    study = read()
    assert study.series.description == "S2"
    assert "thinnest" in study.series.reason
    assert [text.rsplit(": ", 1)[1] for text in study.series.considered] == ["thicker slices"] * 2


def test_a_thin_slab_does_not_win_over_a_full_series(forge, read):
    series(forge, 1, [100, 101, 102], SliceThickness=1)
    series(forge, 2, full(10), SliceThickness=10)
    study = read()
    assert study.series.description == "S2"
    assert study.series.considered[0].endswith("covers too little")


def test_a_longer_series_of_chest_and_abdomen_does_not_win_over_a_thin_chest(forge, read):
    series(forge, 1, np.arange(0, 700, 20), SliceThickness=20)
    series(forge, 2, full(10), SliceThickness=10)
    assert read().series.description == "S2"


def test_thin_slices_with_wide_gaps_do_not_win(forge, read):
    series(forge, 1, full(25), SliceThickness=1)
    series(forge, 2, full(10), SliceThickness=10)
    assert read().series.description == "S2"


def test_thin_slices_with_wide_gaps_are_noticed_where_there_is_nothing_else(forge, read):
    series(forge, 1, full(25), SliceThickness=1)
    assert "gaps_between_slices" in {notice.code for notice in read().notices}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MIP"]}, "projection"),
        ({"SOPClassUID": SecondaryCaptureImageStorage}, "captures"),
        ({"Modality": "PT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.128"}, "not CT"),
        ({"RescaleSlope": None}, "Hounsfield"),
        ({"ImagePositionPatient": None}, "do not say where they lie"),
        ({"ImageOrientationPatient": None}, "do not say where they lie"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "do not say where they lie"),
        ({"PixelSpacing": None}, "do not say where they lie"),
    ],
)
def test_series_that_are_no_volume_are_left_out(forge, read, changes, why):
    series(forge, 1, full(12.5), **changes)
    series(forge, 2, full(25), SliceThickness=25)
    study = read()
    assert study.series.description == "S2"
    assert why in study.series.considered[0]


def test_left_out_alone_they_are_refused(forge, read):
    series(forge, 1, full(25), ImagePositionPatient=None)
    with pytest.raises(UnsupportedImage, match="do not say where they lie"):
        read()


def test_a_localizer_within_the_series_is_left_out(forge, read):
    series(forge, 1, full(25))
    series(
        forge,
        1,
        [500],
        ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
        ImageOrientationPatient=CORONAL,
    )
    assert read().volume.hu.shape[0] == 10


def test_acquired_images_go_before_derived_ones(forge, read):
    series(forge, 1, full(5), SliceThickness=5, ImageType=["DERIVED", "SECONDARY", "REFORMATTED"])
    series(forge, 2, full(10), SliceThickness=10)
    study = read()
    assert study.series.description == "S2"
    assert study.series.considered[0].endswith("derived from other images")


def test_the_chest_goes_before_the_head(forge, read):
    series(forge, 1, full(5), SliceThickness=5, BodyPartExamined="HEAD")
    series(forge, 2, full(10), SliceThickness=10)
    study = read()
    assert study.series.description == "S2"
    assert study.body_part == "CHEST"


def test_the_head_alone_is_read_and_noticed(forge, read):
    series(forge, 1, full(10), SliceThickness=10, BodyPartExamined="HEAD")
    assert "body_part" in {notice.code for notice in read().notices}


def test_between_equals_the_smoother_kernel_wins(forge, read):
    series(forge, 1, full(10), SliceThickness=10, ConvolutionKernel="B70f")
    series(forge, 2, full(10), SliceThickness=10, ConvolutionKernel="B31f")
    assert read().series.description == "S2"


def test_axial_goes_before_coronal(forge, read):
    coronal = {"ImageOrientationPatient": CORONAL, "SliceThickness": 1}
    for index in range(40):
        forge.slice(
            0,
            index,
            SeriesInstanceUID="1.2.3.2001",
            SeriesDescription="cor",
            ImagePositionPatient=[0, 4.0 * index, 0],
            **coronal,
        )
    series(forge, 2, full(10), SliceThickness=10)
    study = read()
    assert study.series.description == "S2"
    assert study.series.considered[0].endswith("not axial")


def test_coronal_alone_is_read_and_noticed(forge, read):
    for index in range(5):
        forge.slice(
            0, index, ImageOrientationPatient=CORONAL, ImagePositionPatient=[0, 3.0 * index, 0]
        )
    study = read()
    assert [notice.code for notice in study.notices if notice.code == "not_axial"]
    assert study.volume.geometry.slice_spacing_mm == pytest.approx(3)
    assert np.allclose(study.volume.geometry.normal, [0, 1, 0])


def test_two_acquisitions_in_one_series_are_kept_apart(forge, read):
    for acquisition in (2, 1):
        forge.series(
            full(25),
            AcquisitionNumber=acquisition,
            pixels=np.full((8, 8), 100 * acquisition, dtype=np.uint16),
        )
    study = read()
    assert study.volume.hu.shape[0] == 10
    assert np.unique(study.volume.hu).tolist() == [-924]
    assert study.series.considered[0].endswith("another acquisition in the same series")
    assert "duplicate_slices" not in {notice.code for notice in study.notices}


def test_two_orientations_in_one_series_are_kept_apart(forge, read):
    forge.series(full(25))
    for index in range(20):
        forge.slice(
            0, index, ImageOrientationPatient=CORONAL, ImagePositionPatient=[0, 2.0 * index, 0]
        )
    study = read()
    assert study.volume.hu.shape[0] == 10
    assert study.series.considered[0].endswith("not axial")


def test_an_acquisition_number_a_slab_is_one_volume(forge, read):
    for number, z in enumerate(full(25)):
        forge.slice(z, number, AcquisitionNumber=number // 2)
    assert read().volume.hu.shape[0] == 10


def test_an_empty_study_is_refused(read):
    with pytest.raises(UnsupportedImage, match="empty"):
        read()
