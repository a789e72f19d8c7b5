"""Intensity-based statistics (IBSI 3.3, UHIW)."""

from __future__ import annotations

import math

import numpy as np

from serving.radiomics.features.distribution import shared_statistics
from serving.radiomics.imaging.region import Region


def features(region: Region) -> dict[str, float]:
    """The eighteen statistics of the intensities in the intensity mask, by tag.

    In intensity units and their powers. Undefined ratios are NaN. Source: IBSI 3.3.
    """
    intensities = np.sort(region.values[region.intensity])
    energy = float(intensities @ intensities)
    values = shared_statistics(intensities)
    values["energy"] = energy
    values["rms"] = math.sqrt(energy / len(intensities))
    return {f"stat_{name}": value for name, value in values.items()}
