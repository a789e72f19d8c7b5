"""One-dimensional filter kernels, centred on the voxel that they answer for."""

from __future__ import annotations

from collections.abc import Sequence

Kernel = tuple[float, ...]
"""Weights g[-r] .. g[r] of a convolution, an odd number of them.

A response is `r[n] = sum of g[k] f[n - k]` over k.
"""


def centred(weights: Sequence[float]) -> Kernel:
    """Centre weights; an even number gets a zero behind, so that the later middle one is centre.

    Filters of even support have no centre of their own; IBSI-2's reference response maps of
    wavelets place it so.
    """
    values = tuple(float(weight) for weight in weights)
    return values if len(values) % 2 else (*values, 0.0)


def radius(kernel: Kernel) -> int:
    """Say how many voxels to each side a kernel reads."""
    return len(kernel) // 2


def flipped(kernel: Kernel) -> Kernel:
    """Turn a kernel around its centre."""
    return kernel[::-1]


def dilated(kernel: Kernel, step: int) -> Kernel:
    """Put `step - 1` zeros between neighbouring weights (the algorithme a trous)."""
    spread = [0.0] * ((len(kernel) - 1) * step + 1)
    spread[::step] = kernel
    return tuple(spread)


def box(size: int) -> Kernel:
    """Average over `size` voxels, an odd number."""
    return (1.0 / size,) * size


def sign_and_canonical(kernel: Kernel) -> tuple[int, Kernel]:
    """Split a kernel into a sign and one whose first weight other than zero is positive."""
    first = next((weight for weight in kernel if weight), 1.0)
    return (1, kernel) if first > 0 else (-1, tuple(0.0 - weight for weight in kernel))
