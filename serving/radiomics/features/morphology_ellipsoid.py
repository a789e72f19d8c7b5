"""The smallest ellipsoid around a set of points (IBSI 3.1)."""

from __future__ import annotations

import numpy as np
from numba import njit

from serving.domain.volume import Float64

_TOLERANCE = 1e-4
"""Of the condition for the optimum: the volume is at most 3/2 times so much too great."""
_MOST_STEPS = 20_000


def smallest_ellipsoid(points: Float64) -> tuple[float, float, float]:
    """Semi-axes in mm, ascending, of the ellipsoid of least volume around points (count, 3).

    The points must not lie in one plane. Source: IBSI 3.1, tag SWZ1; Khachiyan's algorithm with
    the away steps of Todd and Yildirim 2007.
    """
    centred = points - points.mean(axis=0)
    lifted = np.column_stack([centred, np.ones(len(centred))])
    weights = _optimal_weights(lifted, _TOLERANCE, _MOST_STEPS)
    centre = weights @ centred
    spread = (centred * weights[:, None]).T @ centred - np.outer(centre, centre)
    moved = centred - centre
    # Grown a little, so that the furthest point lies on it and none outside.
    reach = np.sqrt(np.max(np.einsum("pi,ij,pj->p", moved, np.linalg.inv(spread), moved)))
    least, minor, major = (reach * np.sqrt(np.linalg.eigvalsh(spread))).tolist()
    return least, minor, major


@njit(cache=True)
def _optimal_weights(lifted: Float64, tolerance: float, most_steps: int) -> Float64:
    """Weights of the points for the D-optimal design, whose covariance shapes the ellipsoid."""
    count, size = lifted.shape
    weights = np.full(count, 1.0 / count)
    inverse = np.ascontiguousarray(np.linalg.inv(lifted.T @ (lifted / count)))
    variances = np.empty(count)
    for point in range(count):
        variances[point] = lifted[point] @ (inverse @ lifted[point])
    for _ in range(most_steps):
        chosen, excess = _furthest_from_optimum(variances, weights, size)
        if abs(excess) <= tolerance:
            break
        variance = variances[chosen]
        step = (variance - size) / (size * (variance - 1))
        if excess < 0:
            step = max(step, -weights[chosen] / (1 - weights[chosen]))
        gain = step / (1 - step + step * variance)
        direction = inverse @ lifted[chosen]
        inverse = (inverse - gain * np.outer(direction, direction)) / (1 - step)
        for point in range(count):
            along = lifted[point] @ direction
            variances[point] = (variances[point] - gain * along * along) / (1 - step)
        weights *= 1 - step
        weights[chosen] += step
    return weights


@njit(cache=True)
def _furthest_from_optimum(variances: Float64, weights: Float64, size: int) -> tuple[int, float]:
    """The point to give more weight, or (excess below 0) less."""
    most, least = 0, -1
    for point in range(len(variances)):
        if variances[point] > variances[most]:
            most = point
        if weights[point] > 1e-12 and (least < 0 or variances[point] < variances[least]):
            least = point
    above, below = variances[most] / size - 1, 1 - variances[least] / size
    return (most, above) if above >= below else (least, -below)
