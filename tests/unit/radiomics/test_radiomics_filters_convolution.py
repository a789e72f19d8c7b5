"""One-dimensional convolution, its borders, and chains that share their beginnings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from serving.radiomics.filters.boundary import Boundary, sources
from serving.radiomics.filters.cascade import Cascade, Step, support_of
from serving.radiomics.filters.convolution import convolve
from serving.radiomics.filters.kernel import box, centred, dilated

# IBSI-2's four boundary conditions as SciPy calls them; its "reflect" repeats the border voxel.
SCIPY_MODES: dict[Boundary, str] = {
    "zero": "constant",
    "nearest": "nearest",
    "periodic": "wrap",
    "mirror": "reflect",
}


@pytest.mark.parametrize(
    ("boundary", "expected"),
    [
        ("zero", [-1, -1, 0, 1, 2, -1, -1]),
        ("nearest", [0, 0, 0, 1, 2, 2, 2]),
        ("periodic", [1, 2, 0, 1, 2, 0, 1]),
        ("mirror", [1, 0, 0, 1, 2, 2, 1]),
    ],
)
def test_borders_continue_a_line_as_ibsi_says(boundary: Boundary, expected: list[int]) -> None:
    assert sources(3, 2, boundary).tolist() == expected


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    shape=st.tuples(*[st.integers(1, 9)] * 3),
    radius=st.integers(0, 6),
    axis=st.integers(0, 2),
    boundary=st.sampled_from(sorted(SCIPY_MODES)),
)
def test_convolution_is_scipys_along_every_axis_and_border(
    seed: int, shape: tuple[int, int, int], radius: int, axis: int, boundary: Boundary
) -> None:
    rng = np.random.default_rng(seed)
    values, kernel = rng.normal(size=shape), rng.normal(size=2 * radius + 1)
    kernel[rng.random(kernel.size) < 0.3] = 0.0
    expected = ndimage.convolve1d(values, kernel, axis=axis, mode=SCIPY_MODES[boundary])
    response = convolve(values, tuple(kernel.tolist()), axis, boundary)
    np.testing.assert_allclose(response, expected, rtol=0, atol=1e-12)


def test_convolution_is_linear_and_leaves_its_input_alone() -> None:
    rng = np.random.default_rng(1)
    one, two = rng.normal(size=(2, 6, 7, 8))
    kept, kernel = one.copy(), (1.0, -2.0, 0.5, 0.0, 3.0)
    together = convolve(2 * one - 3 * two, kernel, 1, "mirror")
    apart = 2 * convolve(one, kernel, 1, "mirror") - 3 * convolve(two, kernel, 1, "mirror")
    np.testing.assert_allclose(together, apart, atol=1e-12)
    np.testing.assert_array_equal(one, kept)


def test_convolution_takes_images_that_are_views() -> None:
    values = np.random.default_rng(2).normal(size=(8, 9, 10))
    view = values.transpose(2, 0, 1)[::2]
    expected = convolve(view.copy(), (1.0, 2.0, 4.0), 0, "zero")
    np.testing.assert_array_equal(convolve(view, (1.0, 2.0, 4.0), 0, "zero"), expected)


def test_an_even_kernel_is_centred_on_the_later_of_its_middle_weights() -> None:
    impulse = np.zeros((1, 1, 5))
    impulse[0, 0, 2] = 1.0
    response = convolve(impulse, centred([3.0, 7.0]), 2, "zero")
    assert response[0, 0].tolist() == [0.0, 3.0, 7.0, 0.0, 0.0]


def test_dilation_puts_holes_between_weights() -> None:
    assert dilated((1.0, 2.0, 3.0), 4) == (1.0, 0, 0, 0, 2.0, 0, 0, 0, 3.0)


def test_chains_give_the_same_whether_they_share_a_beginning_or_not() -> None:
    values = np.random.default_rng(3).normal(size=(6, 7, 8))
    first, second, third = Step(2, box(3)), Step(1, (1.0, 0.0, -1.0)), Step(0, box(5))
    shared = Cascade(values, "nearest")
    for chain in ([first, second, third], [first, second], [first, third], [second], [third]):
        alone = Cascade(values, "nearest").response(chain)
        np.testing.assert_array_equal(shared.response(chain), alone)


def test_a_response_may_be_written_to_without_harm_to_later_ones() -> None:
    cascade = Cascade(np.random.default_rng(4).normal(size=(5, 5, 5)), "mirror")
    chain = [Step(2, box(3)), Step(1, box(3))]
    expected = cascade.response(chain).copy()
    cascade.response(chain)[:] = np.nan
    np.testing.assert_array_equal(cascade.response(chain), expected)


def test_support_adds_up_along_an_axis() -> None:
    assert support_of([Step(0, box(3)), Step(2, box(5)), Step(2, box(7))]) == (1, 0, 5)
