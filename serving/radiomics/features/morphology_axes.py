"""Principal axes of a region and the ellipsoid that they span (IBSI 3.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from serving.domain.volume import Float64
from serving.radiomics.imaging.image import Mask

_LEGENDRE_TERMS = 20
"""As IBSI 3.1 has it for the area of an ellipsoid."""


@dataclass(frozen=True, slots=True)
class PrincipalAxes:
    """Where a region lies and how far it reaches, in mm."""

    centre: Float64
    """(slice, row, column), from the centre of voxel (0, 0, 0)."""
    major: float
    minor: float
    least: float


def principal_axes(mask: Mask, spacing_mm: tuple[float, float, float]) -> PrincipalAxes:
    """Axis lengths, four times the root of the eigenvalues of the voxel centres' covariance.

    The covariance is the sample's, as that behind the reference values. Source: IBSI 3.1, tags
    TDIC, P9VJ and 7J51.
    """
    sums, products, count = _moments(np.ascontiguousarray(mask))
    mean = sums / count
    spacing = np.array(spacing_mm)
    covariance = (products - count * np.outer(mean, mean)) * np.outer(spacing, spacing)
    covariance /= max(count - 1, 1)
    eigenvalues = np.linalg.eigvalsh(covariance)
    # Of a plane region one is 0, give or take rounding.
    eigenvalues[eigenvalues < 1e-9 * eigenvalues[-1]] = 0
    least, minor, major = (4 * np.sqrt(eigenvalues)).tolist()
    return PrincipalAxes(mean * spacing, major, minor, least)


def ellipsoid_volume(semi_axes_mm: tuple[float, float, float]) -> float:
    """In mm3."""
    return 4 * math.pi / 3 * math.prod(semi_axes_mm)


def ellipsoid_area(semi_axes_mm: tuple[float, float, float]) -> float:
    """The area of an ellipsoid in mm2 by IBSI's series of Legendre polynomials, to degree 20.

    IBSI takes the second eccentricity between the least and the major axis, where the exact area
    has the least and the minor one; the reference values follow IBSI's text, and so does this.
    Source: IBSI 3.1, tag RDD2.
    """
    least, minor, major = sorted(semi_axes_mm)
    if major == 0:
        return 0.0
    first = 1 - (minor / major) ** 2
    second = 1 - (least / major) ** 2
    middle, product = (first + second) / 2, first * second
    # The polynomials times (alpha * beta) ** degree, which is finite for spheroids too.
    previous, current = 0.0, 1.0
    total = 0.0
    for degree in range(_LEGENDRE_TERMS + 1):
        total += current / (1 - 4 * degree**2)
        following = (2 * degree + 1) * middle * current - degree * product * previous
        previous, current = current, following / (degree + 1)
    return 4 * math.pi * major * minor * total


@njit(cache=True)
def _moments(mask: Mask) -> tuple[Float64, Float64, int]:
    """Sums of the indices and of their products over a mask, and its voxels."""
    sums = np.zeros(3)
    products = np.zeros((3, 3))
    count = 0
    for plane in range(mask.shape[0]):
        for row in range(mask.shape[1]):
            voxels, line, squares = 0, 0, 0
            for column in range(mask.shape[2]):
                if mask[plane, row, column]:
                    voxels += 1
                    line += column
                    squares += column * column
            place = (plane * voxels, row * voxels, line)
            count += voxels
            for axis in range(3):
                sums[axis] += place[axis]
                products[0, axis] += plane * place[axis]
                products[1, axis] += row * place[axis]
            products[2, 2] += squares
    products[2, 0], products[2, 1] = products[0, 2], products[1, 2]
    return sums, products, count
