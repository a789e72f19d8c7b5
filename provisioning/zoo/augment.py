"""Seeded training batches: which slice, which crop, which distortion.

Every random number of step k comes from a generator seeded by (seed, k), so a run that
resumes at step k draws exactly what an uninterrupted run would have drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from provisioning.zoo.covid_ct_data import Volume
from provisioning.zoo.hounsfield import HU_LOW

AIR_HU = -1000.0


@dataclass(frozen=True)
class Recipe:
    """How batches are drawn. Lengths in pixels, intensities in HU, angles in degrees."""

    batch: int = 6
    crop: tuple[int, int] = (160, 192)
    infected_share: float = 0.7
    anywhere_share: float = 0.12
    lung_centre: tuple[float, float] = (98.0, 130.0)
    centre_jitter: float = 24.0
    zoom: tuple[float, float] = (0.8, 1.3)
    rotation: float = 12.0
    shift_hu: float = 60.0
    gain: float = 0.08
    noise_hu: float = 40.0
    blur_share: float = 0.25
    sharpen_share: float = 0.15


@dataclass(frozen=True)
class Batch:
    """`hu` float32 and `mask` float32 0/1, both (N, 1, h, w)."""

    hu: Tensor
    mask: Tensor


def draw_batch(volumes: Sequence[Volume], recipe: Recipe, seed: int, step: int) -> Batch:
    """The batch of one training step; the same arguments always give the same batch."""
    rng = np.random.default_rng((seed, step))
    picks = [_pick_slice(volumes, recipe, rng) for _ in range(recipe.batch)]
    hu = torch.from_numpy(np.stack([v.hu[i] for v, i in picks]).astype(np.float32))[:, None]
    mask = torch.from_numpy(np.stack([v.infection[i] for v, i in picks]).astype(np.float32))
    hu, mask = _warp(hu, mask[:, None], recipe, rng)
    return Batch(_distort(hu, recipe, rng), (mask > 0.5).to(torch.float32))


def _pick_slice(
    volumes: Sequence[Volume], recipe: Recipe, rng: np.random.Generator
) -> tuple[Volume, int]:
    """Patients are equally likely whatever their slice count: six of them is all there is."""
    volume = volumes[int(rng.integers(len(volumes)))]
    pool = volume.infected if rng.random() < recipe.infected_share else volume.healthy
    if len(pool) == 0:
        pool = np.arange(len(volume.hu))
    return volume, int(rng.choice(pool))


def _warp(
    hu: Tensor, mask: Tensor, recipe: Recipe, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Crop, rotate, zoom and mirror both in one resampling; outside the image is -1250 HU."""
    size = (hu.shape[-2], hu.shape[-1])
    theta = np.stack([_affine(size, recipe, rng) for _ in range(len(hu))])
    shape = [len(hu), 1, *recipe.crop]
    grid = functional.affine_grid(torch.from_numpy(theta), shape, align_corners=False)
    both = torch.cat([hu - HU_LOW, mask], dim=1)
    moved = functional.grid_sample(both, grid, mode="bilinear", align_corners=False)
    return moved[:, :1] + HU_LOW, moved[:, 1:]


def _affine(size: tuple[int, int], recipe: Recipe, rng: np.random.Generator) -> NDArray[np.float32]:
    """Output (x, y) in -1..1 of the crop to input (x, y) in -1..1 of the slice: (2, 3)."""
    height, width = size
    angle = np.deg2rad(rng.uniform(-recipe.rotation, recipe.rotation))
    zoom = np.exp(rng.uniform(*np.log(recipe.zoom)))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    row, column = _centre(size, recipe, rng)
    half_h, half_w = recipe.crop[0] / 2 / zoom, recipe.crop[1] / 2 / zoom
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array(
        [
            [mirror * cos * half_w / (width / 2), -sin * half_h / (width / 2),
             column / (width / 2) - 1],
            [mirror * sin * half_w / (height / 2), cos * half_h / (height / 2),
             row / (height / 2) - 1],
        ],
        dtype=np.float32,
    )  # fmt: skip


def _centre(size: tuple[int, int], recipe: Recipe, rng: np.random.Generator) -> tuple[float, float]:
    """Mostly near the lungs; now and then anywhere, so that table and arms are seen too."""
    if rng.random() < recipe.anywhere_share:
        return float(rng.uniform(0, size[0])), float(rng.uniform(0, size[1]))
    jitter = rng.uniform(-recipe.centre_jitter, recipe.centre_jitter, 2)
    return recipe.lung_centre[0] + float(jitter[0]), recipe.lung_centre[1] + float(jitter[1])


def _distort(hu: Tensor, recipe: Recipe, rng: np.random.Generator) -> Tensor:
    """Scanner differences: gain about air, offset, reconstruction kernel, noise.

    The HU scale of the data is approximate and the served scanner is another one, hence
    the wide range.
    """
    count = (len(hu), 1, 1, 1)
    gain = torch.from_numpy(1 + rng.uniform(-recipe.gain, recipe.gain, count).astype(np.float32))
    shift = rng.uniform(-recipe.shift_hu, recipe.shift_hu, count).astype(np.float32)
    hu = (hu - AIR_HU) * gain + AIR_HU + torch.from_numpy(shift)
    smooth = functional.avg_pool2d(hu, 3, stride=1, padding=1, count_include_pad=False)
    draw = rng.random(count)
    amount = rng.uniform(0.3, 1.0, count) * (draw < recipe.blur_share)
    amount -= rng.uniform(0.3, 0.8, count) * (draw > 1 - recipe.sharpen_share)
    hu = hu + torch.from_numpy(amount.astype(np.float32)) * (smooth - hu)
    sigma = rng.uniform(0, recipe.noise_hu, count) * (rng.random(count) < 0.5)
    noise = rng.standard_normal(hu.shape, dtype=np.float32)
    return hu + torch.from_numpy(sigma.astype(np.float32)) * torch.from_numpy(noise)
