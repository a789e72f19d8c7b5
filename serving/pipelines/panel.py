"""Networks that see the same pixels, and the batches that they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from serving.domain.errors import CorruptModel
from serving.domain.manifest import Preprocessing
from serving.domain.slices import SliceModel
from serving.pipelines.model_field import ModelField
from serving.pipelines.orientation import Orientation
from serving.pipelines.resampler import Resampler
from serving.pipelines.settings import LesionSettings
from serving.pipelines.window import Window, crop_window

_MOST_PLANES = 160
"""Planes whose probabilities are held at a time: 160 MiB a network at 512 x 512."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Networks of one input size and one set of crop shapes."""

    networks: tuple[int, ...]
    """Their indices among the models of the study."""
    field: ModelField
    resampler: Resampler
    frames: tuple[tuple[int, int], ...]
    """Shapes (rows, columns) of the crops that they take; none: whole planes only."""

    def window(self, target: Window, margin_mm: float) -> Window:
        """What of the model's plane is sent for `target`, a window of the frame."""
        wanted = self.field.window_on_model(target, margin_mm)
        return crop_window(wanted, self.field.model_shape, self.frames)


@dataclass(frozen=True, slots=True)
class Batch:
    """Planes that a panel sees through windows of one shape."""

    panel: Panel
    planes: tuple[int, ...]
    windows: tuple[Window, ...]
    """Of the model's grid, one for each plane."""

    @property
    def pixels(self) -> int:
        """Sent to each network."""
        rows, columns = self.windows[0].shape
        return rows * columns * len(self.planes)


def panels_of(
    models: Sequence[SliceModel],
    lungs: Window,
    frame_shape: tuple[int, int],
    orientation: Orientation,
    settings: LesionSettings,
) -> tuple[Panel, ...]:
    """One panel for each input that the models take. Raises CorruptModel without preprocessing."""
    networks: dict[tuple[tuple[int, int], tuple[tuple[int, int], ...]], list[int]] = {}
    for index, model in enumerate(models):
        given = _preprocessing(model)
        key = ((given.rows, given.columns), given.frames if settings.crop else ())
        networks.setdefault(key, []).append(index)
    in_plane = (orientation.spacing_mm[1], orientation.spacing_mm[2])
    panels = []
    for (shape, frames), indices in networks.items():
        field = ModelField.around(lungs, frame_shape, in_plane, shape, settings.field_of_view_mm)
        panels.append(Panel(tuple(indices), field, Resampler(field), frames))
    return tuple(panels)


def batches_of(
    panels: Sequence[Panel], targets: Mapping[int, Window], margin_mm: float
) -> tuple[Batch, ...]:
    """Batches over all planes of `targets` (plane index to window of the frame).

    A stretch of neighbouring planes passes all panels before the next one begins, so that no more
    answers wait for each other than memory allows.
    """
    planes = sorted(targets)
    count = -(-len(planes) // _MOST_PLANES)
    size = -(-len(planes) // count)
    stretches = [planes[first : first + size] for first in range(0, len(planes), size)]
    return tuple(
        batch
        for stretch in stretches
        for panel in panels
        for batch in _batches(panel, {plane: targets[plane] for plane in stretch}, margin_mm)
    )


def _batches(panel: Panel, targets: Mapping[int, Window], margin_mm: float) -> list[Batch]:
    by_shape: dict[tuple[int, int], list[tuple[int, Window]]] = {}
    for plane, target in targets.items():
        window = panel.window(target, margin_mm)
        by_shape.setdefault(window.shape, []).append((plane, window))
    return [
        Batch(panel, tuple(p for p, _ in members), tuple(w for _, w in members))
        for members in by_shape.values()
    ]


def _preprocessing(model: SliceModel) -> Preprocessing:
    if model.manifest.preprocessing is None:
        raise CorruptModel("the model's manifest names no rows and columns for its input")
    return model.manifest.preprocessing
