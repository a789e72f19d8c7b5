"""What image processing did to an image and a region, step by step, as IBSI reports it."""

from __future__ import annotations

import numpy as np

from serving.domain.volume import Float64
from serving.radiomics.imaging.box import bounding_box
from serving.radiomics.imaging.image import Image, Mask, Roi
from serving.radiomics.imaging.prepare import checked, interpolated
from serving.radiomics.imaging.resegment import resegment
from serving.radiomics.settings import ExtractionSettings

_AXES = ("z", "y", "x")


def diagnostics(image: Image, roi: Roi, settings: ExtractionSettings) -> dict[str, float]:
    """Dimensions, voxel sizes and intensities of image and region at three stages, by tag.

    The stages are the initial image, the interpolated one and, of the region, the re-segmented
    one. Tags and units are those of the reference values: voxels, mm, intensity units. The whole
    image is interpolated for it, which extraction does not need. Raises as `prepare` does.
    """
    checked(image, roi)
    values = _of_image(image, "init_img")
    values |= _of_region(image.values, roi.mask, roi.mask, "init_roi")
    image, mask = interpolated(image, roi, settings.interpolation)
    values |= _of_image(image, "interp_img")
    values |= _of_region(image.values, mask, mask, "interp_roi")
    intensity = resegment(image.values, mask, settings.resegmentation)
    return values | _of_region(image.values, mask, intensity, "reseg_roi")


def _of_image(image: Image, stage: str) -> dict[str, float]:
    values = {
        f"img_dim_{axis}": float(n) for axis, n in zip(_AXES, image.values.shape, strict=True)
    }
    values |= {f"vox_dim_{axis}": mm for axis, mm in zip(_AXES, image.spacing_mm, strict=True)}
    values |= _intensities(image.values.ravel(), "")
    return {f"{name}_{stage}": value for name, value in values.items()}


def _of_region(
    image: Float64, morphological: Mask, intensity: Mask, stage: str
) -> dict[str, float]:
    sizes = zip(_AXES, image.shape, strict=True)
    values = {f"int_mask_dim_{axis}": float(count) for axis, count in sizes}
    for name, mask in (("int_mask", intensity), ("morph_mask", morphological)):
        box = bounding_box(mask)
        shape = box.shape if box else (0, 0, 0)
        values |= {f"{name}_bb_dim_{axis}": float(n) for axis, n in zip(_AXES, shape, strict=True)}
        values[f"{name}_vox_count"] = float(np.count_nonzero(mask))
    values |= _intensities(image[intensity], "int_mask_")
    return {f"{name}_{stage}": value for name, value in values.items()}


def _intensities(values: Float64, prefix: str) -> dict[str, float]:
    if not len(values):
        return dict.fromkeys((f"{prefix}{kind}_int" for kind in ("mean", "min", "max")), np.nan)
    return {
        f"{prefix}mean_int": float(values.mean()),
        f"{prefix}min_int": float(values.min()),
        f"{prefix}max_int": float(values.max()),
    }
