"""Morphological features (IBSI 3.1, HCUG)."""

from __future__ import annotations

import math

import numpy as np

from serving.domain.volume import Float64
from serving.radiomics.features.distribution import ratio
from serving.radiomics.features.mesh import Mesh, mesh_of
from serving.radiomics.features.morphology_autocorrelation import autocorrelation
from serving.radiomics.features.morphology_axes import (
    PrincipalAxes,
    ellipsoid_area,
    ellipsoid_volume,
    principal_axes,
)
from serving.radiomics.features.morphology_box import smallest_box
from serving.radiomics.features.morphology_ellipsoid import smallest_ellipsoid
from serving.radiomics.features.morphology_hull import Hull, greatest_distance, hull_of
from serving.radiomics.imaging.box import bounding_box
from serving.radiomics.imaging.region import Region


def features(region: Region) -> dict[str, float]:
    """The twenty-nine features of shape and of how intensities lie in it, by tag.

    Lengths in mm, areas in mm2, volumes in mm3. What divides by an extent that the region does not
    have, as one slice has no third axis, is NaN. Source: IBSI 3.1.
    """
    box = bounding_box(region.morphological)
    if box is None:
        return {}
    region = Region(
        region.values[box.slices],
        np.ascontiguousarray(region.morphological[box.slices]),
        np.ascontiguousarray(region.intensity[box.slices]),
        region.spacing_mm,
    )
    mesh = mesh_of(region.morphological, region.spacing_mm)
    axes = principal_axes(region.morphological, region.spacing_mm)
    hull = hull_of(region.morphological, region.spacing_mm)
    values = _sizes(region, mesh)
    values |= _axes(axes, greatest_distance(hull.vertices))
    values |= _densities(mesh, axes, hull)
    values |= _intensities(region, mesh, axes)
    return {f"morph_{name}": float(value) for name, value in values.items()}


def _sizes(region: Region, mesh: Mesh) -> dict[str, float]:
    volume, area = mesh.volume_mm3, mesh.area_mm2
    sphere = (36 * math.pi * volume**2) ** (1 / 3)
    return {
        "volume": volume,
        "vol_approx": np.count_nonzero(region.morphological) * math.prod(region.spacing_mm),
        "area_mesh": area,
        "av": area / volume,
        "comp_1": volume / (math.sqrt(math.pi) * area**1.5),
        "comp_2": 36 * math.pi * volume**2 / area**3,
        "sph_dispr": area / sphere,
        "sphericity": sphere / area,
        "asphericity": area / sphere - 1,
    }


def _axes(axes: PrincipalAxes, diameter_mm: float) -> dict[str, float]:
    return {
        "diam": diameter_mm,
        "pca_maj_axis": axes.major,
        "pca_min_axis": axes.minor,
        "pca_least_axis": axes.least,
        "pca_elongation": ratio(axes.minor, axes.major),
        "pca_flatness": ratio(axes.least, axes.major),
    }


def _densities(mesh: Mesh, axes: PrincipalAxes, hull: Hull) -> dict[str, float]:
    """Shares of the volumes and areas of shapes around the region."""
    semi = (axes.major / 2, axes.minor / 2, axes.least / 2)
    around = smallest_ellipsoid(hull.vertices)
    shapes = {
        "aabb": _cuboid(hull.extents_mm),
        "ombb": _cuboid(smallest_box(hull)),
        "aee": (ellipsoid_volume(semi), ellipsoid_area(semi)),
        "mvee": (ellipsoid_volume(around), ellipsoid_area(around)),
        "conv_hull": (hull.volume_mm3, hull.area_mm2),
    }
    values = {}
    for name, (volume, area) in shapes.items():
        values[f"vol_dens_{name}"] = ratio(mesh.volume_mm3, volume)
        values[f"area_dens_{name}"] = ratio(mesh.area_mm2, area)
    return values


def _cuboid(edges_mm: tuple[float, float, float]) -> tuple[float, float]:
    first, second, third = edges_mm
    return first * second * third, 2 * (first * second + second * third + third * first)


def _intensities(region: Region, mesh: Mesh, axes: PrincipalAxes) -> dict[str, float]:
    inside = region.values[region.intensity]
    total = float(inside.sum())
    related = autocorrelation(region.values, region.intensity, region.spacing_mm)
    return {
        "com": _shift(region, inside, total, axes),
        "integ_int": total / len(inside) * mesh.volume_mm3,
        "moran_i": related.moran_i,
        "geary_c": related.geary_c,
    }


def _shift(region: Region, inside: Float64, total: float, axes: PrincipalAxes) -> float:
    """From the centre of the region to that of its intensities."""
    if total == 0:
        return math.nan
    weighted = np.zeros(region.intensity.shape)
    weighted[region.intensity] = inside
    centre = [
        weighted.sum(axis=tuple({0, 1, 2} - {axis})) @ np.arange(weighted.shape[axis]) / total
        for axis in range(3)
    ]
    return float(np.linalg.norm(np.array(centre) * np.array(region.spacing_mm) - axes.centre))
