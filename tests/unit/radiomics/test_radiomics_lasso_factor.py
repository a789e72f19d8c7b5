"""The inverse of a support's factor stays right, whoever comes and goes."""

from __future__ import annotations

import numpy as np
import pytest

from serving.radiomics.selection.lasso_factor import (
    LEAST_PIVOT,
    Factor,
    append_all,
    empty_factor,
    remove,
    solve,
)
from serving.radiomics.selection.lasso_room import make_room
from serving.radiomics.selection.lasso_vectors import padded

FEATURES, SAMPLES = 70, 40


def gram() -> np.ndarray:
    columns = np.random.default_rng(0).standard_normal((SAMPLES, FEATURES))
    return columns.T @ columns


def factor() -> Factor:
    """In memory that holds whatever was there before: here, what spoils every sum."""
    room = make_room(1, SAMPLES, FEATURES)
    room.inverse[:] = np.nan
    return empty_factor(room.inverse[0])


def assert_solves(own: Factor, products: np.ndarray, right: np.ndarray) -> None:
    size = int(own.size[0])
    members = own.slot[:size]
    wide = np.zeros(padded(size))
    wide[:size] = right[:size]
    expected = np.linalg.solve(products[np.ix_(members, members)], right[:size])
    np.testing.assert_allclose(solve(own, wide)[:size], expected, rtol=1e-7)


@pytest.mark.parametrize("seed", range(8))
def test_any_order_of_entries_and_removals_solves_as_the_gram_matrix_does(seed: int) -> None:
    random = np.random.default_rng(seed)
    products, own = gram(), factor()
    right = random.standard_normal(SAMPLES)
    for _ in range(30):
        outside = np.setdiff1d(np.arange(FEATURES), own.slot[: own.size[0]])
        room = 30 - int(own.size[0])
        some = random.permutation(outside)[: random.integers(0, max(room, 1))]
        assert append_all(own, products, some, np.ones(len(some)), LEAST_PIVOT)
        assert_solves(own, products, right)
        for _ in range(random.integers(0, own.size[0] + 1) // 2):
            remove(own, int(random.integers(own.size[0])))
        assert_solves(own, products, right)


def test_leading_zeros_of_the_right_side_change_nothing() -> None:
    products, own = gram(), factor()
    append_all(own, products, np.arange(25), np.ones(25), LEAST_PIVOT)
    right = np.zeros(25)
    right[22:] = [1.0, -2.0, 0.5]
    assert_solves(own, products, right)


@pytest.mark.parametrize("place", [0, 7, 19])
def test_what_a_removal_returns_takes_the_solution_to_that_without_it(place: int) -> None:
    products, own = gram(), factor()
    append_all(own, products, np.arange(20), np.ones(20), LEAST_PIVOT)
    right = np.random.default_rng(1).standard_normal(20)
    before = np.linalg.solve(products[:20, :20], right)
    loss = remove(own, place)
    after = before - before[place] / loss[place] * loss
    left = np.delete(np.arange(20), place)
    expected = np.linalg.solve(products[np.ix_(left, left)], right[left])
    assert after[place] == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(after[left], expected, rtol=1e-7)
    assert list(own.slot[:19]) == list(left)


def test_a_column_that_the_support_explains_is_refused() -> None:
    products, own = gram(), factor()
    products[:, 5] = products[:, 3]
    products[5] = products[3]
    products[5, 5] = products[3, 5] = products[5, 3] = products[3, 3]
    assert not append_all(own, products, np.array([1, 3, 5, 8]), np.ones(4), LEAST_PIVOT)
    assert list(own.slot[: own.size[0]]) == [1, 3]
