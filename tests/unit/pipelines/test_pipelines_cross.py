"""Shifts and components against the general structuring elements of scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from serving.pipelines.cross import (
    bounding_box,
    dilate_cross,
    erode_cross,
    fill_holes,
    grow_within,
    label_sizes,
    smoothed,
)
from serving.pipelines.silhouette import Silhouette

SHAPES = st.tuples(*[st.integers(1, 9)] * 3)
SEEDS = st.integers(0, 10_000)


def speckles(shape: tuple[int, ...], seed: int, share: float = 0.5) -> np.ndarray:
    return np.random.default_rng(seed).random(shape) < share


@settings(max_examples=60, deadline=None)
@given(shape=SHAPES, seed=SEEDS, steps=st.integers(1, 3))
def test_steps_are_those_of_the_general_operations(
    shape: tuple[int, ...], seed: int, steps: int
) -> None:
    mask = speckles(shape, seed, 0.2)
    before = mask.copy()
    dilated = ndimage.binary_dilation(mask, iterations=steps)
    assert np.array_equal(dilate_cross(mask, steps), dilated)
    assert np.array_equal(erode_cross(~mask), ndimage.binary_erosion(~mask, border_value=1))
    assert np.array_equal(mask, before)


@settings(max_examples=60, deadline=None)
@given(shape=SHAPES, seed=SEEDS)
def test_components_are_those_of_the_general_operations(shape: tuple[int, ...], seed: int) -> None:
    mask = speckles(shape, seed)
    within = mask & speckles(shape, seed + 1, 0.1)
    reached = ndimage.binary_propagation(within, mask=mask)
    assert np.array_equal(grow_within(within, mask), reached)
    assert np.array_equal(fill_holes(mask), ndimage.binary_fill_holes(mask))
    labels, count = ndimage.label(mask)
    sizes = label_sizes(labels, count)
    assert sizes[0] == 0
    assert np.array_equal(sizes[1:], np.bincount(labels.ravel(), minlength=count + 1)[1:])


@settings(max_examples=30, deadline=None)
@given(shape=SHAPES, seed=SEEDS)
def test_smoothing_is_the_box_filter(shape: tuple[int, ...], seed: int) -> None:
    values = np.random.default_rng(seed).normal(-500, 300, shape).astype(np.float32)
    assert smoothed(values) == pytest.approx(ndimage.uniform_filter(values, 3), abs=1e-2)


def test_a_box_holds_the_mask_and_its_margin_where_there_is_room() -> None:
    mask = np.zeros((10, 10, 10), dtype=bool)
    mask[1, 4:6, 9] = True
    assert bounding_box(mask) == (slice(1, 2), slice(4, 6), slice(9, 10))
    wide = mask[bounding_box(mask, 2)]
    assert wide.shape == (4, 6, 3)
    assert wide.sum() == mask.sum()


def test_the_middle_of_a_body_counts_from_the_crop() -> None:
    body = np.zeros((3, 4, 20), dtype=bool)
    body[0, :, 4:7] = True
    body[1:, :, 8:17] = True
    outline = Silhouette.of(body, 5)
    assert outline.middle() == pytest.approx(body.any(axis=(0, 1)).nonzero()[0].mean() - 5)
    lung = np.zeros((3, 4, 10), dtype=bool)
    lung[2, 1, 3] = True
    assert outline.middle(lung) == 12 - 5
    assert Silhouette.of(np.zeros_like(body), 5).middle() == 10 - 5
