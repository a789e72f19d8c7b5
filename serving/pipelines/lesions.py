"""Lesions in the lungs, as one or several slice models see them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from serving.domain.slices import Progress, SliceModel
from serving.domain.volume import Volume
from serving.pipelines.coarse_grid import Bool
from serving.pipelines.orientation import Orientation
from serving.pipelines.panel import Batch, batches_of, panels_of
from serving.pipelines.plane_votes import BEYOND_LUNG_MM, TOGETHER, PlaneVotes, Votes
from serving.pipelines.settings import LesionSettings
from serving.pipelines.slice_run import SliceRun
from serving.pipelines.window import Window, windows_of


@dataclass(frozen=True, slots=True)
class LesionMap:
    """What the networks found, on the source grid (slices, rows, columns)."""

    votes: Votes
    """Bit n: network n calls the voxel lesion. The last bit: their average does."""
    lungs: NDArray[np.uint8]
    """The lungs given, with lesion at their border added to the lung that it touches."""
    inference_s: float
    """Wall seconds during which a network computed."""

    @property
    def mask(self) -> Bool:
        """Lesion by the average of all networks' probabilities."""
        return self.votes >= TOGETHER


def find_lesions(
    volume: Volume,
    lungs: NDArray[np.uint8],
    models: Sequence[SliceModel],
    settings: LesionSettings,
    progress: Progress,
) -> LesionMap:
    """What `models` call lesion in and right beside the lungs, alone and on average.

    Slices with lung are sent, axial, rows to posterior, columns to left, each as a square field at
    the size that a manifest's preprocessing names; where it lists frames, only the smallest of
    them that holds the slice's lungs and a margin. Probabilities are interpolated back,
    averaged, and cut at the threshold. `lungs` must not be empty. Raises CorruptModel where a
    manifest names no preprocessing; AiboxErrors of the models pass through.
    """
    orientation = Orientation.of(volume.geometry)
    labels = orientation.to_canonical(lungs)
    windows = windows_of(labels)
    targets = _targets(windows, labels.shape[1:], orientation)
    batches = _batches(windows, targets, models, orientation, labels.shape[1:], settings)
    verdict = PlaneVotes(labels, targets, orientation.spacing_mm, settings.threshold)
    run = SliceRun(models, orientation.to_canonical(volume.hu), verdict.settle)
    run.run(batches, progress)
    return LesionMap(
        votes=np.ascontiguousarray(orientation.to_source(verdict.votes)),
        lungs=np.ascontiguousarray(orientation.to_source(verdict.lungs)),
        inference_s=run.inference_s,
    )


def _targets(
    windows: Mapping[int, Window], shape: tuple[int, ...], orientation: Orientation
) -> dict[int, Window]:
    """The window of each plane in which lesions count: its lungs and their rim."""
    rows, columns = (math.ceil(BEYOND_LUNG_MM / mm) + 1 for mm in orientation.spacing_mm[1:])
    frame = (shape[0], shape[1])
    return {plane: window.grown(rows, columns, frame) for plane, window in windows.items()}


def _batches(
    windows: Mapping[int, Window],
    targets: Mapping[int, Window],
    models: Sequence[SliceModel],
    orientation: Orientation,
    shape: tuple[int, ...],
    settings: LesionSettings,
) -> tuple[Batch, ...]:
    lungs = reduce(Window.joined, windows.values())
    panels = panels_of(models, lungs, (shape[0], shape[1]), orientation, settings)
    return batches_of(panels, targets, settings.crop_margin_mm)
