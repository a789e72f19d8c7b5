"""Contours to voxels."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from serving.domain.errors import UnsupportedImage
from serving.radiomics.reading.polygon import inside_even_odd


def _square(low: float, high: float) -> np.ndarray:
    return np.array([(low, low), (high, low), (high, high), (low, high)], dtype=np.float64)


def _plainly_inside(polygon: list[tuple[Fraction, Fraction]], x: int, y: int) -> bool:
    """Crossing number, point by point, without rounding: an edge may go right through a centre."""
    inside = False
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if min(y0, y1) <= y < max(y0, y1) and x0 + (y - y0) * (x1 - x0) / (y1 - y0) <= x:
            inside = not inside
    return inside


def test_square_takes_the_pixels_whose_centres_it_holds() -> None:
    mask = inside_even_odd([_square(1.5, 4.5)], (8, 8))
    assert np.argwhere(mask).min() == 2
    assert np.argwhere(mask).max() == 4
    assert mask.sum() == 9


def test_inner_contour_is_a_hole_and_one_within_it_is_an_island() -> None:
    squares = [_square(0.5, 9.5), _square(2.5, 7.5), _square(4.5, 5.5)]
    mask = inside_even_odd(squares, (12, 12))
    assert mask.sum() == 81 - 25 + 1
    assert mask[5, 5]
    assert not mask[3, 3]


def test_keyhole_gives_the_same_as_two_contours() -> None:
    outer, inner = _square(0.5, 9.5), _square(2.5, 7.5)
    keyhole = np.concatenate([outer, outer[:1], inner[::-1][-1:], inner[::-1], outer[:1]])
    assert np.array_equal(
        inside_even_odd([keyhole], (12, 12)), inside_even_odd([outer, inner], (12, 12))
    )


def test_vertices_on_pixel_centres_do_not_depend_on_rounding() -> None:
    exact = inside_even_odd([_square(2, 6)], (9, 9))
    assert exact.sum() == 16
    for noise in (1e-9, -1e-9):
        assert np.array_equal(inside_even_odd([_square(2, 6) + noise], (9, 9)), exact)


def test_contours_may_leave_the_image() -> None:
    assert inside_even_odd([_square(-50, 50)], (7, 5)).all()
    assert not inside_even_odd([_square(-50, -40)], (7, 5)).any()


@example([(0, 0), (0, 0), (41, 41)])
@given(st.lists(st.tuples(st.integers(-40, 140), st.integers(-40, 140)), min_size=3, max_size=12))
def test_any_polygon_agrees_with_the_plain_rule(corners: list[tuple[int, int]]) -> None:
    shift = Fraction(37, 1000)
    polygon = [(Fraction(x, 10) + shift, Fraction(y, 10) + shift) for x, y in corners]
    mask = inside_even_odd([np.array(polygon, dtype=np.float64)], (11, 10))
    plain = [[_plainly_inside(polygon, x, y) for x in range(10)] for y in range(11)]
    assert np.array_equal(mask, np.array(plain))


def test_contours_without_end_are_refused() -> None:
    zigzag = np.zeros((20_000, 2))
    zigzag[::2, 1] = 4000
    zigzag[:, 0] = np.arange(20_000)
    with pytest.raises(UnsupportedImage, match="far more points"):
        inside_even_odd([zigzag], (4096, 4096))
