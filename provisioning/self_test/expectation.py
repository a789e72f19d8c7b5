"""Which answers are worth keeping, how exactly, and how far each variant may be from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from serving.domain.tensor import AnyArray
from serving.engine.self_test import answer_distance, answer_scale
from serving.engine.tensor_archive import MOST_BYTES

LEAST_TOLERANCE = 0.02
"""Other CPUs and thread counts add up in other orders."""
FARTHEST = 0.25
"""An output that a variant answers further away says nothing, as detections in another order."""
_MARGIN = 4.0
_STEPS = 1024
"""Kept floats are multiples of a step of this part of their scale: noise does not compress."""


def rounded(answer: AnyArray) -> AnyArray:
    """The answer as it is kept: at most 0.0005 away, in the measure of `answer_distance`."""
    if not np.issubdtype(answer.dtype, np.floating) or not np.isfinite(answer).all():
        return answer
    if answer.size == 0:
        return answer
    step = 2.0 ** math.floor(math.log2(answer_scale(answer) / _STEPS))
    return np.asarray(np.rint(answer.astype(np.float64) / step) * step).astype(answer.dtype)


@dataclass(slots=True)
class Expectation:
    """The answers of the reference variant, and how far each variant's were from them."""

    answers: Mapping[str, AnyArray]
    _distances: dict[str, dict[str, float]] = field(default_factory=dict)
    _foreign: set[str] = field(default_factory=set)

    def compare(self, variant: str, answers: Mapping[str, AnyArray], *, is_native: bool) -> None:
        """Takes the answers of a variant, the reference's own second ones among them."""
        self._distances[variant] = {
            name: answer_distance(answers[name], expected)
            for name, expected in self.answers.items()
        }
        if not is_native:
            self._foreign.add(variant)

    def kept(self) -> dict[str, AnyArray]:
        """Outputs that every variant answers alike; zeros alone say nothing and are left out."""
        found: dict[str, AnyArray] = {}
        left_bytes = MOST_BYTES
        for name, expected in self.answers.items():
            farthest = max(distances[name] for distances in self._distances.values())
            if farthest <= FARTHEST and expected.any() and expected.nbytes <= left_bytes:
                found[name] = expected
                left_bytes -= expected.nbytes
        return found

    def tolerances(self) -> dict[str, float]:
        """By variant, over the outputs kept.

        A precision that this machine does not compute in was not measured: it may be as far as any.
        """
        kept = self.kept()
        found = {}
        for variant, distances in self._distances.items():
            farthest = max(distances[name] for name in kept)
            least = FARTHEST if variant in self._foreign else LEAST_TOLERANCE
            found[variant] = max(least, math.ceil(_MARGIN * farthest * 1e4) / 1e4)
        return found
