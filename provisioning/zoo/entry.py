"""What the zoo knows of a network before it is built; needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from provisioning.description import ModelDescription

DYNAMIC = -1
EXPORT_BATCH = 2
"""An exporter takes a dimension of 1 for a constant, so a dynamic batch is shown as two."""


@dataclass(frozen=True, slots=True)
class ZooInput:
    """The one input of a network: `shape` as served, -1 where dynamic, and `example` sizes."""

    name: str
    dtype: type[np.generic]
    shape: tuple[int, ...]
    example: tuple[int, ...]
    values: tuple[int, int]
    """Lowest and highest value of a plausible image."""

    @property
    def dynamic(self) -> dict[int, str]:
        """Names of the dynamic dimensions by their place."""
        names = ("batch", "channels", "rows", "columns")
        return {i: names[i] for i, size in enumerate(self.shape) if size == DYNAMIC}


@dataclass(frozen=True, slots=True)
class ZooEntry:
    """A network of the zoo. `network` is `module:function`; the function takes the seed."""

    name: str
    network: str
    input: ZooInput
    outputs: tuple[str, ...]
    description: ModelDescription
    parameters: int
    """Trainable scalars of the network as it is served."""
    published: str
    """The published count, what it was counted on, and why ours differs where it does."""


def smooth_noise(
    shape: tuple[int, ...], values: tuple[int, int], dtype: type[np.generic], seed: int
) -> NDArray[Any]:
    """Blurred noise with grain over `values`: an image's statistics, nobody's image.

    `shape` is (N, C, H, W). Independent noise alone would average out in the first layers.
    """
    rng = np.random.default_rng(seed)
    low, high = values
    image = np.zeros(shape, np.float64)
    for cell in (64, 16, 4, 1):
        coarse = [-(-size // cell) for size in shape[2:]]
        grain = rng.standard_normal((*shape[:2], *coarse))
        image += np.kron(grain, np.ones((cell, cell)))[..., : shape[2], : shape[3]] * cell**0.25
    image = (low + high) / 2 + (image - image.mean()) / image.std() * (high - low) / 4
    return image.clip(low, high).astype(dtype)
