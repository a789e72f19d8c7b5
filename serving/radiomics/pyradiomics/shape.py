"""Shape by pyradiomics' definitions."""

from __future__ import annotations

import math

import numpy as np

from serving.radiomics.imaging.image import Mask
from serving.radiomics.pyradiomics.diameter import diameters_of
from serving.radiomics.pyradiomics.surface import surface_of


def shape(mask: Mask, spacing_mm: tuple[float, float, float]) -> dict[str, float]:
    """The 14 features of a mask (slices, rows, columns) cropped to its bounding box.

    pyradiomics' name says Column where a diameter lies in a plane of one row, and Row where in a
    plane of one column.
    Lengths are in mm, areas in mm2, volumes in mm3.
    """
    volume, area = surface_of(mask, spacing_mm)
    diameters = diameters_of(mask, spacing_mm)
    least, minor, major = _axis_lengths(mask, spacing_mm)
    return {
        "Elongation": minor / major,
        "Flatness": least / major,
        "LeastAxisLength": least,
        "MajorAxisLength": major,
        "Maximum2DDiameterColumn": diameters.of_rows,
        "Maximum2DDiameterRow": diameters.of_columns,
        "Maximum2DDiameterSlice": diameters.of_slices,
        "Maximum3DDiameter": diameters.whole,
        "MeshVolume": volume,
        "MinorAxisLength": minor,
        "Sphericity": (36 * math.pi * volume**2) ** (1 / 3) / area,
        "SurfaceArea": area,
        "SurfaceVolumeRatio": area / volume,
        "VoxelVolume": float(np.count_nonzero(mask) * math.prod(spacing_mm)),
    }


def _axis_lengths(mask: Mask, spacing_mm: tuple[float, float, float]) -> tuple[float, ...]:
    """Four standard deviations along each principal axis, ascending."""
    places = np.argwhere(mask) * np.array(spacing_mm)
    places -= places.mean(axis=0)
    variances = np.linalg.eigvalsh(places.T @ places / len(places))
    return tuple(4 * float(np.sqrt(max(variance, 0.0))) for variance in variances)
