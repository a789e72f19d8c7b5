"""Invariance to right-angle rotations: a filter in all its orientations, pooled (IBSI-2, O1AQ)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product
from typing import Literal

import numpy as np

from serving.domain.volume import Float64
from serving.radiomics.filters.cascade import AXES, Cascade, Step
from serving.radiomics.filters.kernel import Kernel, flipped, sign_and_canonical

Pooling = Literal["max", "mean"]
Arm = tuple[Kernel, ...]
"""The kernels along one axis, one a level, the first level first."""
Arms = tuple[Arm, ...]
"""A separable filter: its arms along k1, k2 and, in 3D, k3."""


def steps(arms: Arms) -> tuple[Step, ...]:
    """Write a separable filter as a chain of convolutions, level by level."""
    levels = zip(*arms, strict=True)
    return tuple(
        Step(axis, kernel) for level in levels for axis, kernel in zip(AXES, level, strict=False)
    )


def orientations(arms: Arms) -> dict[Arms, set[int]]:
    """Turn a filter by every right angle: 24 ways in 3D, 4 in 2D, fewer where some are the same.

    Returns the differing filters and the signs with which each occurs: a turned antisymmetric
    kernel is its own negative and costs no convolution of its own. Every orientation occurs
    equally often among the rotations, so that a mean over those here is the mean over all.
    """
    found: dict[Arms, set[int]] = {}
    for turned in _rotated(arms):
        sign, canonical = _canonical(turned)
        found.setdefault(canonical, set()).add(sign)
    return dict(sorted(found.items()))


def pooled(cascade: Cascade, arms: Arms, pooling: Pooling | None) -> Float64:
    """Compute a separable filter's response, pooled over its orientations if asked."""
    if pooling is None:
        return cascade.response(steps(arms))
    turned = orientations(arms)
    if pooling == "max":
        return _largest(cascade, turned)
    return _mean(cascade, turned)


def _largest(cascade: Cascade, turned: dict[Arms, set[int]]) -> Float64:
    largest: Float64 | None = None
    for arms, signs in turned.items():
        response = cascade.response(steps(arms))
        if signs == {-1, 1}:
            np.abs(response, out=response)
        elif signs == {-1}:
            np.negative(response, out=response)
        largest = response if largest is None else np.maximum(largest, response, out=largest)
    assert largest is not None
    return largest


def _mean(cascade: Cascade, turned: dict[Arms, set[int]]) -> Float64:
    total: Float64 | None = None
    for arms, signs in turned.items():
        response = cascade.response(steps(arms))
        response *= sum(signs)
        total = response if total is None else np.add(total, response, out=total)
    assert total is not None
    total /= sum(len(signs) for signs in turned.values())
    return total


def _rotated(arms: Arms) -> Iterator[Arms]:
    for order in permutations(range(len(arms))):
        for signs in product((1, -1), repeat=len(arms)):
            if _parity(order) * int(np.prod(signs)) == 1:
                yield tuple(
                    arms[source] if sign == 1 else tuple(flipped(kernel) for kernel in arms[source])
                    for source, sign in zip(order, signs, strict=True)
                )


def _parity(order: Sequence[int]) -> int:
    later = [(a, b) for n, a in enumerate(order) for b in order[n + 1 :]]
    return -1 if sum(a > b for a, b in later) % 2 else 1


def _canonical(arms: Arms) -> tuple[int, Arms]:
    split = [[sign_and_canonical(kernel) for kernel in arm] for arm in arms]
    sign = int(np.prod([sign for arm in split for sign, _ in arm]))
    return sign, tuple(tuple(kernel for _, kernel in arm) for arm in split)
