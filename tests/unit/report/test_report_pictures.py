"""Pictures: the right pixels in the right place, with the right proportions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from serving.domain.volume import Volume
from serving.pipelines.report.coronal_picture import coronal_picture
from serving.pipelines.report.patient_plane import coronal_plane
from serving.pipelines.report.picture import outline, picture_size
from serving.pipelines.report.slice_picture import slice_picture
from serving.pipelines.report.slice_view import slice_view
from serving.pipelines.report.windowing import lung_window


def orange(image: Image.Image) -> Any:
    """(row, column) of the pixels that are clearly orange."""
    rgb = np.asarray(image.convert("RGB")).astype(int)
    return np.argwhere((rgb[..., 0] - rgb[..., 2] > 80) & (rgb[..., 0] > 120))


def test_the_lung_window_ends_where_it_says() -> None:
    grey = lung_window(np.array([-3000, -1350, -600, 150, 3000], dtype=np.int16))
    assert grey.tolist() == [0, 0, 128, 255, 255]


def test_a_lesion_in_the_right_lung_is_drawn_on_the_viewers_left(samples: Any) -> None:
    for axes in (np.eye(3), np.diag([-1.0, -1.0, 1.0])):
        analysis = samples.analysis(samples.geometry((24, 48, 64), axes_lps=axes))
        shown = slice_picture(analysis, slice_view(analysis.volume.geometry), 8)
        where = orange(shown.picture.composite())
        mirrored = axes[0, 0] < 0
        in_left_half = where[:, 1].mean() < shown.picture.grey.width / 2
        assert in_left_half != mirrored
        assert shown.lesions == (1,)


def test_pictures_keep_the_proportions_of_the_patient() -> None:
    assert picture_size((512, 512), 0.7, 0.7) == (512, 512)
    assert picture_size((256, 256), 1.4, 1.4) == (512, 512)
    height, width = picture_size((100, 400), 2.0, 0.5)
    assert height == width
    assert max(picture_size((4, 4000), 1.0, 0.1)) <= 1536


def test_an_outline_is_the_rim_of_each_label() -> None:
    labels = np.zeros((7, 9), np.uint8)
    labels[1:6, 1:4], labels[1:6, 4:8] = 1, 2
    rim = outline(labels)
    assert not rim[0].any()
    assert not rim[2:5, 2].any()
    assert rim[1:6, 3].all()
    assert rim[1:6, 4].all()


def test_the_overlay_leaves_the_image_below_untouched(samples: Any) -> None:
    analysis = samples.analysis()
    view = slice_view(analysis.volume.geometry)
    drawn = slice_picture(analysis, view, 8).picture
    bare = slice_picture(replace(analysis, lesions=analysis.lesions * 0), view, 8).picture
    assert drawn.grey.tobytes() == bare.grey.tobytes()
    assert len(orange(bare.composite())) == 0


@pytest.mark.parametrize("offsets", [None, np.delete(np.arange(25) * 2.0, 10)])
def test_the_coronal_plane_finds_a_voxel_where_it_lies(samples: Any, offsets: Any) -> None:
    angle = np.deg2rad(12)
    tilted = np.eye(3)
    tilted[:, 2] = (0.0, np.tan(angle), 1.0)
    geometry = samples.geometry((24, 48, 64), (2.0, 1.0, 1.5), tilted, offsets)
    labels = np.zeros(geometry.shape, np.uint16)
    labels[15, 20:23, 40] = 1
    (target,) = geometry.to_lps_mm(np.array([[40.0, 21.0, 15.0]]))
    plane = coronal_plane(geometry, float(target[1]))
    found = np.argwhere(plane.sample_labels(labels)).mean(axis=0)
    assert plane.top_z_mm - found[0] * plane.pixel_mm == pytest.approx(target[2], abs=0.75)


def test_a_missing_slice_shows_as_a_black_band(samples: Any) -> None:
    offsets = np.delete(np.arange(25) * 2.0, 10)
    geometry = samples.geometry((24, 48, 64), (2.0, 1.0, 1.5), None, offsets)
    plane = coronal_plane(geometry, 40.0)
    seen = plane.seen[:, plane.seen.shape[1] // 2]
    gap_mm = (~seen[3:-3]).sum() * plane.pixel_mm
    assert gap_mm == pytest.approx(2.0, abs=0.3)


def test_the_coronal_overview_has_patient_proportions_and_both_sides(samples: Any) -> None:
    analysis = samples.analysis(samples.geometry((60, 48, 64), (3.0, 2.0, 2.0)))
    shown = coronal_picture(analysis, (10, 20))
    assert shown is not None
    width, height = shown.picture.grey.size
    assert width / height == pytest.approx(64 * 2.0 / (59 * 3.0), rel=0.05)
    where = orange(shown.picture.composite())
    assert where[:, 1].mean() < width / 2, "the larger lesion is the patient's right"
    assert where[:, 0].mean() > height / 2, "and lies in the lower half"


def test_a_single_slice_has_no_coronal_overview(samples: Any) -> None:
    assert coronal_picture(samples.analysis(samples.geometry((1, 32, 32))), ()) is None


def test_hounsfield_units_between_slices_are_interpolated(samples: Any) -> None:
    geometry = samples.geometry((24, 48, 64), (4.0, 1.0, 1.0))
    hu = np.broadcast_to(
        (np.arange(24, dtype=np.int16) * 40 - 1000)[:, None, None], geometry.shape
    ).copy()
    volume = Volume(hu, geometry)
    plane = coronal_plane(volume.geometry, 40.0)
    column = plane.sample_hu(volume.hu)[:, plane.seen.shape[1] // 2]
    assert np.all(np.abs(np.diff(column)) <= 40 * plane.pixel_mm / 4.0 + 0.01)
