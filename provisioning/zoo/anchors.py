"""Anchors: the boxes that a detector starts from at every cell of every level.

Lin et al. 2017 (arXiv 1708.02002), section 4: sides of 32 to 512 pixels on P3 to P7, times
three scales and three aspect ratios. Kept as centre and size instead of corners: both are whole
numbers that FP16 holds exactly, so that an IR with compressed weights moves no anchor.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from provisioning.zoo.feature_pyramid import STRIDES

SCALES = (1.0, 2 ** (1 / 3), 2 ** (2 / 3))
RATIOS = (0.5, 1.0, 2.0)
"""Height over width."""
PER_CELL = len(SCALES) * len(RATIOS)
SIDE_OVER_STRIDE = 4


@dataclass(frozen=True)
class Anchors:
    """Of one level, rows of cells first, then columns, then ratios, then scales."""

    centres: Tensor
    """(cells * 9, 2): x, y in pixels."""
    sizes: Tensor
    """(cells * 9, 2): width, height in pixels, both even."""


def level_anchors(rows: int, columns: int, stride: int) -> Anchors:
    """The anchors of a level of `rows` by `columns` cells, `stride` pixels apart."""
    y, x = np.meshgrid(np.arange(rows) * stride, np.arange(columns) * stride, indexing="ij")
    centres = np.stack([x.ravel(), y.ravel()], axis=1).repeat(PER_CELL, axis=0)
    sizes = np.tile(_sizes(stride * SIDE_OVER_STRIDE), (rows * columns, 1))
    return Anchors(
        torch.from_numpy(centres.astype(np.float32)), torch.from_numpy(sizes.astype(np.float32))
    )


def image_anchors(rows: int, columns: int) -> list[Anchors]:
    """The anchors of all levels for an image of that many pixels, finest level first."""
    return [level_anchors(-(-rows // s), -(-columns // s), s) for s in STRIDES]


def _sizes(side: int) -> np.ndarray:
    """(9, 2): width and height, of area side^2 * scale^2, to the nearest even number."""
    height = np.sqrt(np.array(RATIOS))[:, None] * np.array(SCALES) * side
    width = np.sqrt(1 / np.array(RATIOS))[:, None] * np.array(SCALES) * side
    return 2 * np.round(np.stack([width.ravel(), height.ravel()], axis=1) / 2)
