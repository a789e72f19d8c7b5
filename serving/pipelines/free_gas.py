"""Gas that is no lung: in stomach and bowel, or trapped between arm and chest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from serving.pipelines.coarse_grid import Bool
from serving.pipelines.cross import dilate_cross, erode_cross, label_sizes, smoothed

_GAS_BELOW_HU = -940.0
_WALL_ABOVE_HU = -500.0
_WALLED_SHARE = 0.6
_POCKET_ML = (1.0, 500.0)
"""Smaller is noise, larger is a lung with emphysema rather than a stomach."""
_RIM_STEPS = 3
"""Voxels over which a wall blurs into the gas."""


def free_gas(
    air: Bool,
    hu: NDArray[np.float32],
    spacing_mm: tuple[float, float, float],
    gas_below_hu: float,
) -> Bool:
    """The part of `air` (enclosed in the body, airways left out) that is gas.

    A pocket counts when it has a wall of soft tissue nearly all around (emphysema and
    pneumothorax border on lung), a whole component when its mean lies below `gas_below_hu`.
    """
    gas = _walled_gas(air & (smoothed(hu) < _GAS_BELOW_HU), hu, spacing_mm)
    for _ in range(_RIM_STEPS if gas.any() else 0):
        gas = dilate_cross(gas) & air
    return np.asarray(gas | _pure_gas(air & ~gas, hu, gas_below_hu))


def _walled_gas(gas: Bool, hu: NDArray[np.float32], spacing_mm: tuple[float, float, float]) -> Bool:
    labels, count = ndimage.label(gas)
    sizes = label_sizes(labels, count)
    boxes = ndimage.find_objects(labels)
    walled = np.zeros_like(gas)
    smallest, largest = (ml * 1000.0 / float(np.prod(spacing_mm)) for ml in _POCKET_ML)
    for index in np.flatnonzero((sizes >= smallest) & (sizes <= largest)):
        margin = _RIM_STEPS + 1
        window = tuple(slice(max(0, p.start - margin), p.stop + margin) for p in boxes[index - 1])
        pocket = labels[window] == index
        if _wall_share(pocket, hu[window]) > _WALLED_SHARE:
            walled[window] |= pocket
    return walled


def _wall_share(pocket: Bool, hu: NDArray[np.float32]) -> float:
    """Share of the shell around a pocket that is soft tissue."""
    rim = dilate_cross(pocket, _RIM_STEPS - 1)
    shell = hu[dilate_cross(rim) & ~rim]
    return float((shell > _WALL_ABOVE_HU).mean()) if shell.size else 0.0


def _pure_gas(air: Bool, hu: NDArray[np.float32], gas_below_hu: float) -> Bool:
    """Components whose mean, away from their rim, is that of gas."""
    labels, count = ndimage.label(air)
    inner = erode_cross(air)
    owner = labels[inner]
    sizes = np.bincount(owner, minlength=count + 1)
    totals = np.bincount(owner, weights=hu[inner], minlength=count + 1)
    gas = (sizes > 0) & (totals / np.maximum(sizes, 1) <= gas_below_hu)
    gas[0] = False
    return np.asarray(gas[labels])
