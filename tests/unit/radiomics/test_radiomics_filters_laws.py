"""Laws' kernels, texture energy and pooling over right-angle rotations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pytest
from scipy import ndimage

from serving.domain.volume import Float64
from serving.radiomics.filters import responses
from serving.radiomics.filters.laws import LAWS_KERNELS, laws_kernel
from serving.radiomics.filters.rotation import orientations
from serving.radiomics.imaging.image import Image

Turn = Callable[[Float64], Float64]


def response_of(values: Float64, name: str) -> Float64:
    ((_, response),) = responses(Image(values, np.eye(4)), [name])
    return response.values


def turns() -> Iterator[tuple[Turn, Turn]]:
    """Give the 24 rotations of a cube and their inverses."""
    to_face = [((0, 1), n) for n in range(4)] + [((0, 2), 1), ((0, 2), 3)]
    for (axes, n), spin in product(to_face, range(4)):
        # Turning about the face's own axis after bringing it up reaches each rotation once.
        yield (
            lambda v, axes=axes, n=n, spin=spin: np.rot90(np.rot90(v, n, axes), spin, (1, 2)),
            lambda v, axes=axes, n=n, spin=spin: np.rot90(np.rot90(v, -spin, (1, 2)), -n, axes),
        )


def test_the_turns_of_this_test_are_all_24() -> None:
    marks = np.arange(27.0).reshape(3, 3, 3)
    assert len({turn(marks).tobytes() for turn, _ in turns()}) == 24
    for turn, back in turns():
        np.testing.assert_array_equal(back(turn(marks)), marks)


@pytest.mark.parametrize("name", LAWS_KERNELS)
def test_kernels_have_unit_energy_and_only_levels_pass_constants(name: str) -> None:
    kernel = np.array(laws_kernel(name))
    assert np.sum(kernel**2) == pytest.approx(1.0)
    if not name.startswith("L"):
        assert kernel.sum() == pytest.approx(0.0, abs=1e-12)


def test_an_impulse_gives_the_kernels_outer_product_columns_first() -> None:
    impulse = np.zeros((7, 7, 7))
    impulse[3, 3, 3] = 1.0
    expected = np.zeros((7, 7, 7))
    e5 = np.array([-1, -2, 0, 2, 1]) / np.sqrt(10)
    l3 = np.array([1, 2, 1]) / np.sqrt(6)
    s5 = np.array([-1, 0, 2, 0, -1]) / np.sqrt(6)
    expected[1:6, 2:5, 1:6] = np.einsum("z,y,x->zyx", s5, l3, e5)
    np.testing.assert_allclose(response_of(impulse, "laws_E5L3S5_zero"), expected, atol=1e-15)


def test_energy_is_the_mean_magnitude_of_the_neighbourhood() -> None:
    values = np.random.default_rng(0).normal(size=(9, 10, 11))
    magnitude = np.abs(response_of(values, "laws_L5E5S3_rotmax_zero"))
    expected = ndimage.uniform_filter(magnitude, size=5, mode="constant")
    energy = response_of(values, "laws_L5E5S3_energy2_rotmax_zero")
    np.testing.assert_allclose(energy, expected, atol=1e-12)


@pytest.mark.parametrize("kernels", ["L5E5E5", "E3W5R5", "E5L5S5", "L5L5L5", "E5E3W5"])
@pytest.mark.parametrize("boundary", ["zero", "mirror"])
def test_pooling_is_over_the_filter_in_all_24_orientations(kernels: str, boundary: str) -> None:
    values = np.random.default_rng(1).normal(size=(6, 7, 8))
    # Turning the image, filtering and turning back is filtering with the filter turned back.
    turned = np.array(
        [back(response_of(turn(values), f"laws_{kernels}_{boundary}")) for turn, back in turns()]
    )
    largest = response_of(values, f"laws_{kernels}_rotmax_{boundary}")
    mean = response_of(values, f"laws_{kernels}_rotmean_{boundary}")
    np.testing.assert_allclose(largest, turned.max(axis=0), atol=1e-12)
    np.testing.assert_allclose(mean, turned.mean(axis=0), atol=1e-12)


def test_pooled_responses_turn_with_the_image_and_single_ones_do_not() -> None:
    values = np.random.default_rng(2).normal(size=(7, 8, 9))
    for turn, _ in turns():
        turned = response_of(turn(values), "laws_L5E5S5_energy2_rotmax")
        np.testing.assert_allclose(
            turned, turn(response_of(values, "laws_L5E5S5_energy2_rotmax")), atol=1e-12
        )
    single = response_of(np.rot90(values, axes=(0, 2)), "laws_L5E5S5")
    assert not np.allclose(single, np.rot90(response_of(values, "laws_L5E5S5"), axes=(0, 2)))


def test_pooling_in_the_plane_is_over_four_quarter_turns() -> None:
    values = np.random.default_rng(3).normal(size=(3, 8, 9))
    expected = np.max(
        [
            np.rot90(response_of(np.rot90(values, n, (1, 2)), "laws_L5E5"), -n, (1, 2))
            for n in range(4)
        ],
        axis=0,
    )
    np.testing.assert_allclose(response_of(values, "laws_L5E5_rotmax"), expected, atol=1e-12)


def test_equal_orientations_are_convolved_once() -> None:
    arms = {name: (laws_kernel(name),) for name in LAWS_KERNELS}
    assert len(orientations((arms["L5"], arms["L5"], arms["L5"]))) == 1
    assert len(orientations((arms["L5"], arms["E5"], arms["E5"]))) == 3
    assert len(orientations((arms["L5"], arms["E5"], arms["S5"]))) == 6
