"""From an image and a region of interest to what features are computed of (IBSI 2.1 to 2.5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serving.domain.errors import InvalidRequest, UnsupportedImage
from serving.domain.volume import Float64
from serving.radiomics.imaging.box import Box, bounding_box, voxels_within
from serving.radiomics.imaging.grid import Grid, grid_of
from serving.radiomics.imaging.image import Image, Mask, Roi
from serving.radiomics.imaging.interpolate import resample, resample_mask
from serving.radiomics.imaging.region import MARGIN_MM, Region
from serving.radiomics.imaging.resegment import resegment
from serving.radiomics.settings import ExtractionSettings, Interpolation

FEWEST_VOXELS = 2
_MASK_REACH = {0: 1.0, 1: 1.0, 3: 6.0}
"""Source voxels around a mask, by the spline's order, where interpolation may put some of it."""
_SKEW = 0.01
"""Cosine between axes from which on a grid is not rectangular (gantry tilt left in)."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A region and the wider image around it that filters look at."""

    surroundings: Image
    """Interpolated, at least the region's box."""
    region: Region
    box: Box
    """Of the region's arrays within the surroundings."""

    def seen_in(self, response: Image) -> Region:
        """The same region in a filter's response to the surroundings."""
        region = self.region
        return Region(
            np.ascontiguousarray(response.values[self.box.slices]),
            region.morphological,
            region.intensity,
            region.spacing_mm,
        )


def prepare(image: Image, roi: Roi, settings: ExtractionSettings) -> Region:
    """Interpolate, re-segment and crop a region of interest.

    Raises UnsupportedImage for values that are not finite and for skewed grids; InvalidRequest for
    a mask on another grid or with fewer than two voxels, before or after image processing.
    """
    return prepare_with_surroundings(image, roi, settings, (0, 0, 0)).region


def prepare_with_surroundings(
    image: Image, roi: Roi, settings: ExtractionSettings, margin: tuple[int, int, int]
) -> Prepared:
    """As `prepare`, with a margin of interpolated image around, in (slices, rows, columns)."""
    source_box = _checked_box(image, roi)
    grid = grid_of(image, settings.interpolation)
    mask_box, mask = _mask_on(grid, roi, source_box, settings.interpolation)
    _require(mask, "after interpolation", "interpolate to a smaller spacing")
    near = mask_box.grown(voxels_within(MARGIN_MM, grid.spacing_mm), grid.shape)
    wide = near.grown(margin, grid.shape)
    values = _image_on(grid.crop(wide), image, settings.interpolation)
    box = near.relative_to(wide)
    region = _region(values[box.slices], _placed(mask, mask_box, near), grid, settings)
    surroundings = Image(values, grid.crop(wide).affine_lps(image.affine_lps))
    return Prepared(surroundings, region, box)


def checked(image: Image, roi: Roi) -> None:
    """Raise what `prepare` raises for an image and a mask that do not fit together."""
    _checked_box(image, roi)


def interpolated(image: Image, roi: Roi, interpolation: Interpolation | None) -> tuple[Image, Mask]:
    """The whole image and mask after interpolation."""
    if interpolation is None:
        return image, roi.mask
    grid = grid_of(image, interpolation)
    order, threshold = interpolation.mask_order, interpolation.mask_threshold
    mask = resample_mask(roi.mask, grid, order, threshold)
    values = _image_on(grid, image, interpolation)
    return Image(values, grid.affine_lps(image.affine_lps)), mask


def _region(values: Float64, mask: Mask, grid: Grid, settings: ExtractionSettings) -> Region:
    _require_finite(values)
    values = np.ascontiguousarray(values)
    intensity = resegment(values, mask, settings.resegmentation)
    _require(intensity, "after re-segmentation", "widen the range")
    return Region(values, mask, intensity, grid.spacing_mm)


def _checked_box(image: Image, roi: Roi) -> Box:
    if image.values.ndim != 3 or roi.mask.shape != image.values.shape:
        raise InvalidRequest(
            f"The mask has {_sizes(roi.mask.shape)} voxels and the image "
            f"{_sizes(image.values.shape)}; give a mask on the grid of its image."
        )
    axes = image.affine_lps[:3, :3] / np.linalg.norm(image.affine_lps[:3, :3], axis=0)
    if not np.all(np.abs(axes.T @ axes - np.eye(3)) <= _SKEW):
        raise UnsupportedImage(
            "Features need a grid with axes at right angles and a voxel size, and this image's "
            "is skewed or flat; resample it to a rectangular grid first."
        )
    box = bounding_box(roi.mask)
    if box is None:
        raise _too_few(0, "in its mask", "check the mask and the label that was chosen")
    _require(roi.mask[box.slices], "in its mask", "check the mask and the label that was chosen")
    return box


def _require(mask: Mask, where: str, advice: str) -> None:
    count = int(np.count_nonzero(mask))
    if count < FEWEST_VOXELS:
        raise _too_few(count, where, advice)


def _too_few(count: int, where: str, advice: str) -> InvalidRequest:
    return InvalidRequest(
        f"A region needs at least {FEWEST_VOXELS} voxels, and this one has {count} {where}; "
        f"{advice}."
    )


def _require_finite(values: Float64) -> None:
    bad = values.size - int(np.count_nonzero(np.isfinite(values)))
    if bad:
        raise UnsupportedImage(
            f"Image values must be finite numbers, and {bad} in or near the region are not; "
            "replace them first."
        )


def _sizes(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _mask_on(
    grid: Grid, roi: Roi, source_box: Box, interpolation: Interpolation | None
) -> tuple[Box, Mask]:
    """The mask on the grid: the box that it fills and its voxels there."""
    if interpolation is None:
        return source_box, roi.mask[source_box.slices]
    reach = grid.around(source_box, _MASK_REACH[interpolation.mask_order])
    mask = resample_mask(
        roi.mask, grid.crop(reach), interpolation.mask_order, interpolation.mask_threshold
    )
    tight = bounding_box(mask)
    if tight is None:
        return reach, mask
    return tight.shifted(reach), mask[tight.slices]


def _image_on(grid: Grid, image: Image, interpolation: Interpolation | None) -> Float64:
    if interpolation is None:
        rows = (slice(axis.first, axis.first + axis.count) for axis in grid.axes)
        return image.values[tuple(rows)]
    values = resample(image.values, grid, interpolation.order)
    return np.rint(values) if interpolation.round_values else values


def _placed(mask: Mask, box: Box, around: Box) -> Mask:
    placed = np.zeros(around.shape, dtype=bool)
    placed[box.relative_to(around).slices] = mask
    return placed
