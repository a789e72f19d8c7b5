from __future__ import annotations

import math
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.radiomics.features import morphology
from serving.radiomics.features.mesh import loops_of, mesh_of
from serving.radiomics.features.morphology_autocorrelation import autocorrelation
from serving.radiomics.features.morphology_axes import ellipsoid_area, ellipsoid_volume
from serving.radiomics.features.morphology_box import smallest_box
from serving.radiomics.features.morphology_ellipsoid import smallest_ellipsoid
from serving.radiomics.features.morphology_hull import Hull, greatest_distance, hull_of
from serving.radiomics.imaging.region import Region

SPACING_MM = (2.5, 0.8, 1.1)
LENGTHS = ("diam", "pca_maj_axis", "pca_min_axis", "pca_least_axis", "com")
VOLUMES = ("volume", "vol_approx", "integ_int")
# A box that lies on one face of the hull is not unique where several are as small.
TURNING = ("ombb", "mvee")


def blob(seed: int = 0, shape: tuple[int, int, int] = (7, 9, 8)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    indices = np.indices(shape) - (np.array(shape) - 1).reshape(3, 1, 1, 1) / 2
    radii = np.array(shape).reshape(3, 1, 1, 1) / 2
    mask = ((indices / radii) ** 2).sum(axis=0) < 0.9
    return mask & (rng.random(shape) < 0.85)


def region(mask: np.ndarray, spacing_mm: tuple[float, float, float], seed: int = 1) -> Region:
    values = np.rint(np.random.default_rng(seed).normal(100, 30, mask.shape))
    return Region(values, mask, mask, spacing_mm)


def differing(one: dict[str, float], other: dict[str, float], rtol: float = 1e-8) -> set[str]:
    assert one.keys() == other.keys()
    return {
        tag
        for tag, value in one.items()
        if not np.isclose(
            value, other[tag], rtol=1e-3 if tag.endswith(TURNING) else rtol, atol=1e-9
        )
    }


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("flips", [(), (0,), (1, 2), (0, 1, 2)])
def test_shape_does_not_change_when_turned_or_mirrored(
    order: tuple[int, ...], flips: tuple[int, ...]
) -> None:
    original = region(blob(), SPACING_MM)
    turned = Region(
        np.flip(original.values.transpose(order), flips).copy(),
        np.flip(original.morphological.transpose(order), flips).copy(),
        np.flip(original.intensity.transpose(order), flips).copy(),
        tuple(SPACING_MM[axis] for axis in order),
    )
    assert differing(morphology.features(original), morphology.features(turned)) == set()


@given(st.tuples(*[st.integers(0, 3)] * 3))
@settings(max_examples=10, deadline=None)
def test_shape_does_not_change_when_moved(by: tuple[int, int, int]) -> None:
    original = region(blob(3), SPACING_MM)
    pads = [(shift, 3 - shift) for shift in by]
    moved = Region(*(np.pad(array, pads) for array in _arrays(original)), SPACING_MM)
    assert differing(morphology.features(original), morphology.features(moved)) == set()


def _arrays(of: Region) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return of.values, of.morphological, of.intensity


@given(st.floats(0.2, 8))
@settings(max_examples=10, deadline=None)
def test_lengths_areas_and_volumes_scale_as_they_must(scale: float) -> None:
    original = region(blob(4), SPACING_MM)
    scaled = Region(*_arrays(original), tuple(side * scale for side in SPACING_MM))
    powers = dict.fromkeys(LENGTHS, 1) | {"area_mesh": 2, "av": -1} | dict.fromkeys(VOLUMES, 3)
    before = morphology.features(original)
    wanted = {
        tag: value * scale ** powers.get(tag.removeprefix("morph_"), 0)
        for tag, value in before.items()
    }
    assert differing(wanted, morphology.features(scaled), 1e-7) == set()


def test_the_loops_of_neighbouring_cubes_meet() -> None:
    noise = np.pad(np.random.default_rng(7).random((6, 7, 8)) < 0.5, 1)
    sides: dict[tuple[tuple[float, ...], tuple[float, ...]], int] = {}
    for place in product(*(range(size - 1) for size in noise.shape)):
        corners = noise[tuple(slice(n, n + 2) for n in place)].ravel()
        for loop in loops_of(int(corners @ (1 << np.arange(8)))):
            vertices = [tuple(np.add(vertex, place)) for vertex in loop]
            for pair in zip(vertices, vertices[1:] + vertices[:1], strict=True):
                sides[pair] = sides.get(pair, 0) + 1
    assert all(sides.get((end, start), 0) == count for (start, end), count in sides.items())


def test_a_ball_and_a_hole_of_its_shape_have_one_surface() -> None:
    ball = ((np.indices((15, 15, 15)) - 7) ** 2).sum(axis=0) <= 25
    inside, around = mesh_of(ball, SPACING_MM), mesh_of(~ball, SPACING_MM)
    whole = mesh_of(np.ones_like(ball), SPACING_MM)
    assert inside.area_mm2 + whole.area_mm2 == pytest.approx(around.area_mm2, rel=1e-3)
    assert inside.volume_mm3 + around.volume_mm3 == pytest.approx(whole.volume_mm3, rel=0.02)


def test_one_voxel_is_an_octahedron_and_a_long_bar_nearly_its_prism() -> None:
    one = mesh_of(np.ones((1, 1, 1), dtype=bool), (2.0, 2.0, 2.0))
    assert one.volume_mm3 == pytest.approx(8 / 6)
    assert one.area_mm2 == pytest.approx(8 * math.sqrt(3) / 4 * 2)
    block = mesh_of(np.ones((80, 80, 80), dtype=bool), (1.0, 1.0, 1.0))
    assert block.volume_mm3 == pytest.approx(80**3, rel=0.002)
    assert block.area_mm2 == pytest.approx(6 * 80**2, rel=0.02)


def test_the_hull_is_that_of_all_the_meshs_vertices() -> None:
    mask = blob(11, (6, 8, 7))
    padded = np.pad(mask, 1)
    points = []
    for axis in range(3):
        places = np.argwhere(np.diff(padded.astype(int), axis=axis)) - 1.0
        places[:, axis] += 0.5
        points.append(places)
    vertices = np.concatenate(points) * np.array(SPACING_MM)
    hull = hull_of(mask, SPACING_MM)
    outside = (hull.normals @ (vertices[:, None] - hull.vertices[None, :1])[:, 0].T).T
    reach = (hull.normals @ (hull.vertices - hull.vertices[0]).T).max(axis=1)
    assert np.all(outside <= reach + 1e-9)
    assert {tuple(np.round(v, 6)) for v in hull.vertices} <= {
        tuple(np.round(v, 6)) for v in vertices
    }
    distances = np.linalg.norm(vertices[:, None] - vertices[None], axis=2)
    assert greatest_distance(hull.vertices) == pytest.approx(distances.max())


def turned_points(points: np.ndarray, seed: int) -> np.ndarray:
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return points @ rotation.T + 5


@pytest.mark.parametrize("seed", range(3))
def test_a_turned_box_is_its_own_smallest_box(seed: int) -> None:
    from scipy.spatial import ConvexHull

    corners = np.array(list(product((0.0, 3.0), (0.0, 4.0), (0.0, 9.0))))
    points = turned_points(corners, seed)
    found = ConvexHull(points)
    hull = Hull(points, found.equations[:, :3], np.full(len(found.simplices), 6.0), found.volume)
    assert sorted(smallest_box(hull)) == pytest.approx([3, 4, 9])


@pytest.mark.parametrize("seed", range(3))
def test_points_of_an_ellipsoid_have_it_as_their_smallest(seed: int) -> None:
    directions = np.random.default_rng(seed).normal(size=(3000, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    points = turned_points(directions * (2.0, 5.0, 6.0), seed)
    assert smallest_ellipsoid(points) == pytest.approx((2, 5, 6), rel=0.01)


def test_the_ellipsoid_of_a_cube_is_the_sphere_through_its_corners() -> None:
    corners = np.array(list(product((-1.0, 1.0), repeat=3)))
    assert smallest_ellipsoid(corners) == pytest.approx([math.sqrt(3)] * 3, rel=1e-4)


def test_a_sphere_has_its_area_and_volume() -> None:
    assert ellipsoid_area((3.0, 3.0, 3.0)) == pytest.approx(36 * math.pi)
    assert ellipsoid_volume((1.0, 2.0, 3.0)) == pytest.approx(8 * math.pi)


def plain_autocorrelation(values: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
    """The definitions, pair by pair."""
    places = np.argwhere(mask) * np.array(SPACING_MM)
    x = values[mask]
    deviations, spread = x - x.mean(), ((x - x.mean()) ** 2).sum()
    weights = products = differences = 0.0
    for i in range(len(x)):
        for j in range(len(x)):
            if i != j:
                weight = 1 / math.dist(places[i], places[j])
                weights += weight
                products += weight * deviations[i] * deviations[j]
                differences += weight * (x[i] - x[j]) ** 2
    count = len(x)
    return (
        count / weights * products / spread,
        (count - 1) / (2 * weights) * differences / spread,
    )


@pytest.mark.parametrize("shape", [(7, 9, 8), (1, 6, 5), (2, 2, 2), (5, 1, 1)])
@pytest.mark.parametrize("seed", range(2))
def test_autocorrelation_is_that_of_the_plain_double_loop(
    shape: tuple[int, int, int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    values, mask = rng.normal(40, 300, shape), rng.random(shape) < 0.7
    mask.ravel()[:2] = True
    found = autocorrelation(values, mask, SPACING_MM)
    wanted = plain_autocorrelation(values, mask)
    assert (found.moran_i, found.geary_c) == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shape", [(1, 5, 6), (1, 1, 2), (4, 1, 1), (1, 7, 1)])
def test_thin_regions_lack_only_what_needs_a_third_axis(shape: tuple[int, int, int]) -> None:
    values = morphology.features(region(np.ones(shape, dtype=bool), SPACING_MM))
    undefined = {tag for tag, value in values.items() if math.isnan(value)}
    assert undefined <= {"morph_vol_dens_aee", "morph_area_dens_aee"}
    assert values["morph_volume"] > 0
    assert values["morph_pca_flatness"] == 0


@pytest.mark.filterwarnings("error")
def test_a_flat_region_has_no_autocorrelation_and_all_else() -> None:
    mask = blob()
    flat = Region(np.full(mask.shape, -7.0), mask, mask, SPACING_MM)
    undefined = {tag for tag, value in morphology.features(flat).items() if math.isnan(value)}
    assert undefined == {"morph_moran_i", "morph_geary_c"}
