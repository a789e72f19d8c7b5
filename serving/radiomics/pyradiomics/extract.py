"""One region's features under the convention `pyradiomics`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np
import pywt
from numpy.typing import NDArray

from serving.domain.errors import InvalidRequest
from serving.radiomics.features.grid import LevelGrid
from serving.radiomics.imaging.box import Box, bounding_box
from serving.radiomics.imaging.image import Image, Mask, Roi
from serving.radiomics.imaging.prepare import Prepared, prepare_with_surroundings
from serving.radiomics.pyradiomics.binning import binned
from serving.radiomics.pyradiomics.cooccurrence import glcm
from serving.radiomics.pyradiomics.firstorder import firstorder
from serving.radiomics.pyradiomics.laplacian import is_defined, laplacian, reach_voxels
from serving.radiomics.pyradiomics.shape import shape
from serving.radiomics.pyradiomics.texture import gldm, glrlm, glszm, ngtdm
from serving.radiomics.pyradiomics.wavelet import sub_bands
from serving.radiomics.settings import ExtractionSettings, Family

Float64 = NDArray[np.float64]
_WAVELET = re.compile(r"wavelet_(?P<family>[a-z]{2,5}[0-9]{0,2}(?:\.[0-9])?)", re.ASCII)
_LAPLACIAN = re.compile(r"log_sigma_(?P<sigma>[0-9]{1,4}(?:\.[0-9]{1,4})?)mm", re.ASCII)
_LEAST_MARGIN = 1
TEXTURES: tuple[Family, ...] = ("glcm", "glrlm", "glszm", "ngldm", "ngtdm")


def extract_pyradiomics(image: Image, roi: Roi, settings: ExtractionSettings) -> dict[str, float]:
    """Features by pyradiomics' names, such as `original_glcm_Idn` or `wavelet-LLH_gldm_...`.

    Families map to its classes: morphology to shape, statistics to firstorder, ngldm to gldm; those
    that pyradiomics lacks and the aggregations are passed over. Filters are `wavelet_FAMILY` (all
    eight sub-bands) and `log_sigma_MMmm`. docs/radiomics-conventions.md lists what differs from
    IBSI. Raises what `prepare` raises, and InvalidRequest for other filters.
    """
    parsed = [_parsed(name) for name in settings.filters]
    prepared = prepare_with_surroundings(image, roi, settings, _margin(image, settings))
    found: dict[str, float] = {}
    if "morphology" in settings.families:
        found |= _prefixed("original_shape", _shape(prepared))
    box = bounding_box(prepared.region.intensity)
    if box is None:
        raise InvalidRequest("The region has no voxels; check its mask and range.")
    mask = prepared.region.intensity[box.slices]
    found |= _of_image("original", prepared.region.values[box.slices], mask, prepared, settings)
    placed = box.shifted(prepared.box)
    for kind, argument in parsed:
        for name, response in _responses(prepared.surroundings, placed, kind, argument):
            found |= _of_image(name, response, mask, prepared, settings)
    return found


def _parsed(name: str) -> tuple[str, str]:
    if match := _WAVELET.fullmatch(name):
        if match["family"] in pywt.wavelist(kind="discrete"):
            return "wavelet", match["family"]
    elif (match := _LAPLACIAN.fullmatch(name)) and float(match["sigma"]) > 0:
        return "log", match["sigma"]
    raise InvalidRequest(
        f"The convention pyradiomics has the filters wavelet_FAMILY and log_sigma_MMmm, not "
        f"{name[:100]!a}; choose one of those or the convention ibsi."
    )


def _margin(image: Image, settings: ExtractionSettings) -> tuple[int, int, int]:
    """All of the image where it is taken as it is: a view costs nothing."""
    planes, rows, columns = image.values.shape
    if settings.interpolation is None or not settings.filters:
        return planes, rows, columns
    spacing = settings.interpolation.spacing_mm
    spacing_mm = (image.spacing_mm[0], spacing[0], spacing[1]) if len(spacing) == 2 else spacing
    sigmas = [float(value) for kind, value in map(_parsed, settings.filters) if kind == "log"]
    return reach_voxels(max([*sigmas, _LEAST_MARGIN]), spacing_mm)


def _shape(prepared: Prepared) -> dict[str, float]:
    region = prepared.region
    box = bounding_box(region.morphological)
    if box is None:
        raise InvalidRequest("The region has no voxels; check its mask.")
    return shape(region.morphological[box.slices], region.spacing_mm)


def _responses(image: Image, box: Box, kind: str, argument: str) -> Iterator[tuple[str, Float64]]:
    if kind == "wavelet":
        for letters, response in sub_bands(image, box, argument):
            yield f"wavelet-{letters}", response
    elif is_defined(float(argument), image):
        name = f"log-sigma-{str(float(argument)).replace('.', '-')}-mm-3D"
        yield name, laplacian(image, box, float(argument))


def _of_image(
    name: str, values: Float64, mask: Mask, prepared: Prepared, settings: ExtractionSettings
) -> dict[str, float]:
    """First order and texture of one image, in the box of the mask."""
    inside = values[mask].astype(np.float64)
    levels = binned(inside, settings.discretisation)
    found: dict[str, float] = {}
    if "statistics" in settings.families:
        voxel_mm3 = math.prod(prepared.region.spacing_mm)
        found |= _prefixed(f"{name}_firstorder", firstorder(inside, levels, voxel_mm3))
    textures = [family for family in TEXTURES if family in settings.families]
    if textures:
        placed = np.zeros(mask.shape, np.int32)
        placed[mask] = levels
        grid = LevelGrid.of(placed)
        for family in textures:
            own = "gldm" if family == "ngldm" else family
            found |= _prefixed(f"{name}_{own}", _texture(family, grid, placed))
    return found


def _texture(family: Family, grid: LevelGrid, levels: NDArray[np.int32]) -> dict[str, float]:
    if family == "glcm":
        return glcm(grid)
    if family == "glrlm":
        return glrlm(grid, levels)
    if family == "glszm":
        return glszm(grid)
    return gldm(grid) if family == "ngldm" else ngtdm(grid)


def _prefixed(prefix: str, values: dict[str, float]) -> dict[str, float]:
    return {f"{prefix}_{name}": value for name, value in values.items()}
