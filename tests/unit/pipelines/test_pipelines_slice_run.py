"""Batches through networks: order, progress, bounded memory, and an end that is an end."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest
from chest_grids import geometry
from density_model import DensityModel

from serving.domain.slices import Progress
from serving.pipelines import panel as panel_module
from serving.pipelines.orientation import Orientation
from serving.pipelines.panel import Batch, batches_of, panels_of
from serving.pipelines.settings import LesionSettings
from serving.pipelines.slice_run import Answer, SliceRun
from serving.pipelines.window import Window

FRAMES = ((64, 64), (128, 128))
HU = np.random.default_rng(2).integers(-900, 100, (12, 144, 144)).astype(np.int16)
TARGETS = {
    plane: Window(60, 60, 70, 70) if plane % 2 else Window(20, 20, 120, 120)
    for plane in range(1, 11)
}


class Cancelled(Exception):
    pass


def batches(*models: DensityModel) -> tuple[Batch, ...]:
    place = Orientation.of(geometry(np.eye(3), (4.0, 2.5, 2.5), 290.0))
    lungs = Window(20, 20, 120, 120)
    panels = panels_of(models, lungs, (144, 144), place, LesionSettings())
    return batches_of(panels, TARGETS, 10.0)


class Settled:
    """Keeps what was settled, by which thread."""

    def __init__(self) -> None:
        self.answers: dict[int, list[int]] = {}
        self.threads: set[str] = set()

    def __call__(self, plane: int, answers: Sequence[Answer]) -> None:
        assert plane not in self.answers
        self.answers[plane] = [answer.network for answer in answers]
        self.threads.add(threading.current_thread().name)


def two_models() -> tuple[DensityModel, DensityModel]:
    return DensityModel(frames=FRAMES), DensityModel(name="hrnet_covid", side=128)


def test_every_plane_is_settled_once_with_all_answers_in_order() -> None:
    models, settled = two_models(), Settled()
    told: list[float] = []
    run = SliceRun(models, HU, settled)
    run.run(batches(*models), lambda share, _stage: told.append(share))
    assert settled.answers == {plane: [0, 1] for plane in TARGETS}
    assert len(settled.threads) == 1
    assert "slices" in settled.threads.pop()
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    assert run.inference_s > 0
    assert len(models[0].calls) == 2, "one call for each shape"


def test_long_studies_pass_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel_module, "_MOST_PLANES", 4)
    models, settled = two_models(), Settled()
    made = batches(*models)
    stretches = [batch.planes for batch in made if batch.panel.networks == (1,)]
    assert stretches == [(1, 2, 3, 4), (5, 6, 7, 8), (9, 10)]
    SliceRun(models, HU, settled).run(made, lambda *_: None)
    assert settled.answers == {plane: [0, 1] for plane in TARGETS}


@pytest.mark.parametrize("after", [0, 1, 2])
def test_what_progress_raises_ends_the_run_and_its_thread(after: int) -> None:
    models, settled, calls = two_models(), Settled(), []

    def cancel(share: float, _stage: str) -> None:
        calls.append(share)
        if len(calls) > after:
            raise Cancelled

    with pytest.raises(Cancelled):
        SliceRun(models, HU, settled).run(batches(*models), cancel)
    assert len(calls) == after + 1
    assert not [t for t in threading.enumerate() if t.name.startswith("slices")]


def test_errors_of_models_and_of_settling_come_out() -> None:
    class Broken(DensityModel):
        def predict(self, slices_hu: np.ndarray, progress: Progress) -> np.ndarray:
            raise Cancelled

    def fail(_plane: int, _answers: Sequence[Answer]) -> None:
        raise Cancelled

    broken = Broken(frames=FRAMES)
    with pytest.raises(Cancelled):
        SliceRun((broken,), HU, Settled()).run(batches(broken), lambda *_: None)
    model = DensityModel(frames=FRAMES)
    with pytest.raises(Cancelled):
        SliceRun((model,), HU, fail).run(batches(model), lambda *_: None)
    assert not [t for t in threading.enumerate() if t.name.startswith("slices")]
