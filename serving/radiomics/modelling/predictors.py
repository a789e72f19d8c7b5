"""Fitted models as plain arithmetic on the features that the steps leave.

`score` gives one number a case, (cases,): the probability of the positive class, or for Cox the
log partial hazard.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from serving.domain.volume import Float64

Nodes = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Constant:
    """The same for every case: what remains where no feature was selected."""

    kind: ClassVar[str] = "constant"
    value: float

    def score(self, x: Float64) -> Float64:
        return np.full(x.shape[0], self.value)


@dataclass(frozen=True, slots=True)
class Logistic:
    """expit(x @ weights + intercept): `weights` (features,)."""

    kind: ClassVar[str] = "logistic"
    weights: Float64
    intercept: float

    def score(self, x: Float64) -> Float64:
        return np.asarray(expit(row_sums(x * self.weights) + self.intercept))


@dataclass(frozen=True, slots=True)
class KernelMachine:
    """Support vector machine with a Gaussian kernel and Platt's sigmoid (Platt 1999).

    `vectors` (vectors, features), `weights` (vectors,); probability = expit(a * decision + b).
    """

    kind: ClassVar[str] = "kernel_machine"
    vectors: Float64
    weights: Float64
    intercept: float
    gamma: float
    platt_slope: float
    platt_offset: float

    def score(self, x: Float64) -> Float64:
        return np.asarray(expit(self.platt_slope * self.decision(x) + self.platt_offset))

    def decision(self, x: Float64) -> Float64:
        squares = np.stack([row_sums((x - vector) ** 2) for vector in self.vectors], axis=1)
        return row_sums(np.exp(-self.gamma * squares) * self.weights) + self.intercept


@dataclass(frozen=True, slots=True)
class Trees:
    """Decision trees whose leaves' values are averaged, or summed into a logit.

    Nodes of all trees lie one after the other: `left` and `right` int32 (nodes,) point to
    children, -1 at leaves; a case goes left where its float32 value is at most `threshold`.
    `roots` int32 (trees,). `depth` bounds the walk.
    """

    kind: ClassVar[str] = "trees"
    roots: Nodes
    left: Nodes
    right: Nodes
    feature: Nodes
    threshold: Float64
    value: Float64
    depth: int
    combine: Literal["mean", "logit"]
    base: float = 0.0
    """Added to the sum of a logit."""

    def score(self, x: Float64) -> Float64:
        leaves = self.value[self._leaves(x)]
        if self.combine == "mean":
            return np.asarray(leaves.mean(axis=1))
        return np.asarray(expit(self.base + leaves.sum(axis=1)))

    def _leaves(self, x: Float64) -> Nodes:
        single = x.astype(np.float32)
        rows = np.arange(x.shape[0])[:, None]
        at = np.broadcast_to(self.roots, (x.shape[0], self.roots.size))
        for _ in range(self.depth):
            inner = self.left[at] >= 0
            goes_left = single[rows, np.maximum(self.feature[at], 0)] <= self.threshold[at]
            at = np.where(inner, np.where(goes_left, self.left[at], self.right[at]), at)
        return np.asarray(at)


@dataclass(frozen=True, slots=True)
class Cox:
    """Proportional hazards (Cox 1972): `weights` (features,), Breslow's baseline hazard.

    `times` and `cumulative_hazard` (events,) are the baseline of a case whose log partial
    hazard is 0.
    """

    kind: ClassVar[str] = "cox"
    weights: Float64
    offset: float
    times: Float64
    cumulative_hazard: Float64

    def score(self, x: Float64) -> Float64:
        return row_sums(x * self.weights) + self.offset

    def survival(self, x: Float64, times: Float64) -> Float64:
        """Probability of no event until each of `times`: (cases, times)."""
        place = np.searchsorted(self.times, times, side="right") - 1
        baseline = np.where(place >= 0, self.cumulative_hazard[np.maximum(place, 0)], 0.0)
        return np.asarray(np.exp(-np.exp(self.score(x))[:, None] * baseline))


Predictor = Constant | Logistic | KernelMachine | Trees | Cox


def row_sums(x: Float64) -> Float64:
    """Sums over columns in a fixed order, so that a case's score does not depend on the others.

    BLAS picks its kernels, and so the last bits, by the number of rows.
    """
    return np.asarray(np.ascontiguousarray(x).sum(axis=1))
