"""pyradiomics' Laplacian of Gaussian: ITK's recursive filter, normalised across scales."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from serving.radiomics.imaging.box import Box
from serving.radiomics.imaging.image import Image
from serving.radiomics.pyradiomics.recursive_gaussian import FEWEST_SAMPLES, RecursiveGaussian

Float64 = NDArray[np.float64]
REACH_SIGMAS = 18.0
"""Beyond, the recursion has forgotten all but 2e-11 of a value; single precision rounds at 6e-8."""


def reach_voxels(sigma_mm: float, spacing_mm: tuple[float, float, float]) -> tuple[int, int, int]:
    """How far around a voxel its response depends on the image: (slices, rows, columns)."""
    planes, rows, columns = (math.ceil(REACH_SIGMAS * sigma_mm / side) for side in spacing_mm)
    return planes, rows, columns


def is_defined(sigma_mm: float, image: Image) -> bool:
    """Whether the image is large enough; pyradiomics leaves the filter out where it is not."""
    sizes = zip(image.values.shape, image.spacing_mm, strict=True)
    return all(size >= max(FEWEST_SAMPLES, math.ceil(sigma_mm / side) + 1) for size, side in sizes)


def laplacian(image: Image, box: Box, sigma_mm: float) -> Float64:
    """The response in a box of the image (slices, rows, columns), in intensity units.

    Each of three terms is derived twice along one axis, then smoothed along the others, columns
    first; intermediate results are of single precision. The image goes on at its borders with the
    values there.
    """
    spacing_mm = image.spacing_mm
    wide = box.grown(reach_voxels(sigma_mm, spacing_mm), _shape(image))
    source, inner = image.values[wide.slices], box.relative_to(wide)
    total = np.zeros(box.shape, np.float32)
    for derived in (2, 1, 0):
        others = [axis for axis in (2, 1, 0) if axis != derived]
        term = source
        for axis in (derived, *others):
            sigma = sigma_mm / spacing_mm[axis]
            one = (
                RecursiveGaussian.second_derivative(sigma, sigma_mm**2)
                if axis == derived
                else RecursiveGaussian.smoothing(sigma)
            )
            term = _along(one, term, axis, inner)
        total = (total + term * (1.0 / spacing_mm[derived] ** 2)).astype(np.float32)
    return total.astype(np.float64)


def _along(
    one: RecursiveGaussian, values: NDArray[np.floating], axis: int, inner: Box
) -> NDArray[np.float64]:
    """Filters along an axis and keeps of it what the box needs."""
    filtered = np.moveaxis(one.along_last(np.moveaxis(values, axis, -1)), -1, axis)
    kept = [slice(None)] * 3
    kept[axis] = slice(*inner.bounds[axis])
    return filtered[tuple(kept)].astype(np.float64)


def _shape(image: Image) -> tuple[int, int, int]:
    planes, rows, columns = image.values.shape
    return planes, rows, columns
