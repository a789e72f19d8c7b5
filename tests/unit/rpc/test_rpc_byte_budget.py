"""The bound on bytes in flight."""

from __future__ import annotations

import pytest

from serving.domain.errors import Overloaded
from serving.rpc.byte_budget import ByteBudget


def test_bytes_are_given_back_even_after_an_error() -> None:
    budget = ByteBudget(100)
    with pytest.raises(KeyError), budget.hold(60):
        raise KeyError
    assert budget.held_bytes == 0


def test_what_does_not_fit_is_refused() -> None:
    budget = ByteBudget(100)
    with budget.hold(60):
        with pytest.raises(Overloaded, match="60 bytes"), budget.hold(41):
            pass
        with budget.hold(40):
            assert budget.held_bytes == 100


def test_a_lone_request_is_taken_whatever_its_size() -> None:
    budget = ByteBudget(100)
    with budget.hold(1000):
        assert budget.held_bytes == 1000
