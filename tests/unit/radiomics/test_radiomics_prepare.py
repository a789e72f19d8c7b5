from __future__ import annotations

import numpy as np
import pytest

from serving.domain.errors import InvalidRequest, UnsupportedImage
from serving.radiomics.imaging.image import Image, Roi
from serving.radiomics.imaging.prepare import interpolated, prepare, prepare_with_surroundings
from serving.radiomics.imaging.region import MARGIN_MM
from serving.radiomics.imaging.resegment import resegment
from serving.radiomics.settings import ExtractionSettings, Interpolation, Resegmentation

SHAPE = (40, 60, 64)
AFFINE = np.diag([1.1, 0.9, 2.0, 1.0])
PLAIN = ExtractionSettings()
CUBIC = ExtractionSettings(interpolation=Interpolation(spacing_mm=(1.5, 1.3, 1.2), order=3))


def scene() -> tuple[Image, Roi]:
    rng = np.random.default_rng(5)
    mask = np.zeros(SHAPE, dtype=bool)
    mask[17:25, 22:40, 30:44] = rng.random((8, 18, 14)) < 0.8
    return Image(np.rint(rng.normal(0, 200, SHAPE)), AFFINE), Roi("nodule", mask)


def box_mask(*bounds: tuple[int, int]) -> Roi:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[tuple(slice(*pair) for pair in bounds)] = True
    return Roi("box", mask)


@pytest.mark.parametrize("order", [0, 1, 3])
@pytest.mark.parametrize("mask_order", [0, 1, 3])
def test_only_the_surroundings_are_interpolated_and_nothing_changes_by_it(
    order: int, mask_order: int
) -> None:
    image, roi = scene()
    interpolation = Interpolation(
        spacing_mm=(1.5, 1.3, 1.2), order=order, mask_order=mask_order, round_values=False
    )
    region = prepare(image, roi, ExtractionSettings(interpolation=interpolation))
    whole, mask = interpolated(image, roi, interpolation)
    assert region.morphological.sum() == mask.sum()
    assert np.allclose(region.values[region.morphological], whole.values[mask], atol=1e-9)
    assert region.values.size < whole.values.size


def test_a_region_keeps_seven_millimetres_of_image_around_itself() -> None:
    image, roi = scene()
    region = prepare(image, roi, PLAIN)
    for axis, (size, side) in enumerate(zip((8, 18, 14), region.spacing_mm, strict=True)):
        margin = (region.values.shape[axis] - size) / 2 * side
        assert MARGIN_MM <= margin < MARGIN_MM + side


def test_surroundings_hold_the_region_and_lie_where_the_image_does() -> None:
    image, roi = scene()
    prepared = prepare_with_surroundings(image, roi, CUBIC, (3, 5, 2))
    inside = prepared.surroundings.values[prepared.box.slices]
    assert np.array_equal(inside, prepared.region.values)
    whole, _ = interpolated(image, roi, CUBIC.interpolation)
    offset = np.linalg.inv(whole.affine_lps) @ prepared.surroundings.affine_lps[:, 3]
    column, row, plane = np.rint(offset[:3]).astype(int)
    assert np.allclose(offset[:3], (column, row, plane))
    planes, rows, columns = prepared.surroundings.values.shape
    cut = whole.values[plane : plane + planes, row : row + rows, column : column + columns]
    assert np.array_equal(prepared.surroundings.values, cut)


def test_resegmentation_narrows_the_intensity_mask_alone() -> None:
    image, roi = scene()
    chosen = Resegmentation(range=(-150.0, 220.0))
    region = prepare(image, roi, ExtractionSettings(resegmentation=chosen))
    inside = region.values[region.intensity]
    assert np.array_equal(region.morphological.sum(), roi.mask.sum())
    assert -150 <= inside.min() < inside.max() <= 220
    left_out = region.values[region.morphological & ~region.intensity]
    assert np.all((left_out < -150) | (left_out > 220))


def test_outliers_are_judged_before_the_range_is_applied() -> None:
    values = np.array([[[0.0] * 50 + [10.0] * 50 + [1000.0]]])
    mask = np.ones(values.shape, dtype=bool)
    both = Resegmentation(range=(0.0, 9.0), outlier_sigmas=3.0)
    kept = resegment(values, mask, both)
    assert kept.sum() == 50
    assert not resegment(values, mask, Resegmentation(outlier_sigmas=3.0))[0, 0, -1]


@pytest.mark.parametrize(
    ("roi", "settings", "says"),
    [
        (box_mask((0, 0), (0, 0), (0, 0)), PLAIN, "0 in its mask"),
        (box_mask((3, 4), (3, 4), (3, 4)), PLAIN, "1 in its mask"),
        (Roi("other", np.ones((4, 4, 4), dtype=bool)), PLAIN, "4 x 4 x 4"),
        (
            box_mask((3, 4), (3, 5), (3, 4)),
            ExtractionSettings(interpolation=Interpolation(spacing_mm=(9.0, 9.0, 9.0))),
            "0 after interpolation",
        ),
        (
            box_mask((3, 8), (3, 8), (3, 8)),
            ExtractionSettings(resegmentation=Resegmentation(range=(5000.0, 6000.0))),
            "0 after re-segmentation",
        ),
    ],
)
def test_a_region_with_nothing_to_compute_is_refused(
    roi: Roi, settings: ExtractionSettings, says: str
) -> None:
    image, _ = scene()
    with pytest.raises(InvalidRequest, match=says):
        prepare(image, roi, settings)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("settings", [PLAIN, CUBIC])
def test_values_that_are_not_finite_are_refused_near_the_region(
    bad: float, settings: ExtractionSettings
) -> None:
    image, roi = scene()
    image.values[20, 30, 35] = bad
    with pytest.raises(UnsupportedImage, match="finite"):
        prepare(image, roi, settings)


def test_values_that_are_not_finite_do_not_matter_far_from_the_region() -> None:
    image, roi = scene()
    image.values[0, 0, 0] = np.nan
    assert np.isfinite(prepare(image, roi, PLAIN).values).all()


def test_a_leaning_grid_is_refused() -> None:
    image, roi = scene()
    leaning = AFFINE.copy()
    leaning[1, 2] = 0.4
    with pytest.raises(UnsupportedImage, match="right angles"):
        prepare(Image(image.values, leaning), roi, PLAIN)
