"""Lungs in real CT against radiologists' masks and against a second method."""

from __future__ import annotations

import numpy as np
import pytest
from chest_phantom import dice
from second_method import lung_volumes_ml
from shared_data import SEGMENTED, segmented, study

from serving.pipelines.coverage import lung_coverage
from serving.pipelines.lungs import segment_lungs
from serving.pipelines.settings import LungSettings


def test_dice_with_the_radiologists_masks() -> None:
    values = {}
    for number in SEGMENTED:
        volume, lung, has_lung = segmented(number, step=3)
        found = segment_lungs(volume, LungSettings()) > 0
        values[number] = round(dice(found[has_lung], lung[has_lung]), 4)
    mean = float(np.mean(list(values.values())))
    print(f"lung Dice of coronacases: {values}, mean {mean:.4f}")  # noqa: T201
    assert mean >= 0.95
    assert min(values.values()) >= 0.93


def test_p001_volumes_agree_with_slice_wise_border_clearing() -> None:
    volume = study("covid-ct-md/P001").volume
    lungs = segment_lungs(volume, LungSettings())
    voxel_ml = volume.geometry.voxel_volumes_ml
    right, left = (float((lungs == side).sum(axis=(1, 2)) @ voxel_ml) for side in (1, 2))
    second = lung_volumes_ml(volume)
    print(f"P001 ml: right {right:.0f} left {left:.0f}, second method {second}")  # noqa: T201
    assert right + left == pytest.approx(sum(second), rel=0.05)
    assert (right, left) == pytest.approx(second, rel=0.05)


def test_the_lidc_slab_is_lung_from_end_to_end() -> None:
    volume = study("lidc-0314").volume
    lungs = segment_lungs(volume, LungSettings())
    coverage = lung_coverage(lungs, volume.geometry)
    assert not coverage.apex_seen
    assert not coverage.base_seen
    areas = [(lungs == side).sum(axis=(1, 2)) for side in (1, 2)]
    assert np.min(areas) > 1000
