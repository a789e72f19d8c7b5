"""The field that a model sees, and the way there and back, in windows."""

from __future__ import annotations

import numpy as np
import pytest

from serving.pipelines.model_field import ModelField
from serving.pipelines.resampler import Resampler
from serving.pipelines.window import Window


def field(
    rows: int, columns: int, spacing_mm: float, side_mm: float = 360.0, side: int = 256
) -> ModelField:
    lungs = Window(rows // 4, columns // 4, rows // 2, columns // 2)
    spacing = (spacing_mm, spacing_mm)
    return ModelField.around(lungs, (rows, columns), spacing, (side, side), side_mm)


def whole(of: ModelField) -> tuple[Window, Window]:
    return Window.whole(of.model_shape), Window.whole(of.frame_shape)


def noise(rows: int, columns: int) -> np.ndarray:
    drawn = np.random.default_rng(5).integers(-1500, 900, (rows, columns))
    return drawn.astype(np.int16)


def test_a_frame_of_the_usual_size_is_sent_whole() -> None:
    around = field(512, 512, 0.7)
    assert around.corner_mm == (0.0, 0.0)
    assert around.side_mm == pytest.approx((358.4, 358.4))
    image = noise(512, 512)
    small = Resampler(around).to_model(image, whole(around)[0])
    blocks = np.maximum(image, -1024).reshape(256, 2, 256, 2).mean(axis=(1, 3))
    assert np.abs(small - blocks).max() <= 0.5


def test_a_frame_on_the_grid_of_the_model_passes_unchanged() -> None:
    around = field(512, 512, 0.7, side=512)
    image, window = np.maximum(noise(512, 512), -1024), Window(32, 64, 192, 320)
    resampler = Resampler(around)
    np.testing.assert_array_equal(resampler.to_model(image, window), image[32:192, 64:320])
    answer = image[32:192, 64:320].astype(np.float32)
    target = Window(40, 70, 180, 300)
    np.testing.assert_array_equal(
        resampler.to_frame(answer, window, target), image[40:180, 70:300].astype(np.float32)
    )


@pytest.mark.parametrize(("rows", "columns", "spacing"), [(512, 512, 0.98), (200, 400, 1.0)])
def test_other_frames_give_a_square_around_the_lungs(
    rows: int, columns: int, spacing: float
) -> None:
    around = field(rows, columns, spacing)
    assert around.side_mm == (360.0, 360.0)
    middle = around.corner_mm[0] + 180.0
    assert middle == pytest.approx(rows * 3 / 8 * spacing, abs=spacing)
    plane = np.full((rows, columns), 40, dtype=np.int16)
    grid, frame = whole(around)
    sent = Resampler(around).to_model(plane, grid)
    assert sent.max() == 40
    assert sent.min() == (-1024 if rows * spacing < 360 else 40)
    back = Resampler(around).to_frame((sent > 0).astype(np.float32), grid, frame)
    assert back.shape == (rows, columns)


@pytest.mark.parametrize("spacing", [0.5, 0.7, 1.4, 2.5])
def test_a_square_keeps_its_area_and_place_there_and_back(spacing: float) -> None:
    count = round(350 / spacing)
    around = field(count, count, spacing)
    edge = slice(count // 3, count // 3 + round(60 / spacing))
    plane = np.full((count, count), -1000, dtype=np.int16)
    plane[edge, edge] = 0
    grid, frame = whole(around)
    sent = (Resampler(around).to_model(plane, grid).astype(np.float32) + 1000) / 1000
    back = Resampler(around).to_frame(sent, grid, frame) > 0.5
    assert back.sum() == pytest.approx((plane == 0).sum(), rel=0.03)
    rows, columns = np.nonzero(back)
    assert rows.mean() == pytest.approx((edge.start + edge.stop - 1) / 2, abs=0.6)
    assert columns.mean() == pytest.approx((edge.start + edge.stop - 1) / 2, abs=0.6)


@pytest.mark.parametrize(
    ("rows", "columns", "spacing"), [(512, 512, 0.7), (512, 512, 0.98), (200, 400, 1.0)]
)
def test_a_window_is_a_part_of_the_whole(rows: int, columns: int, spacing: float) -> None:
    around = field(rows, columns, spacing)
    resampler, (grid, frame) = Resampler(around), whole(around)
    image = noise(rows, columns)
    window = Window(32, 64, 192, 224)
    sent = resampler.to_model(image, grid)
    assert np.abs(resampler.to_model(image, window) - sent[window.inside]).max() <= 1
    answer = np.random.default_rng(6).random(around.model_shape, dtype=np.float32)
    part = np.ascontiguousarray(answer[window.inside])
    target = Window(rows // 3, columns // 3, rows // 2, columns // 2)
    asked = around.window_on_model(target, 4.0)
    assert asked.joined(window) == window, "the window holds the target and a margin"
    np.testing.assert_allclose(
        resampler.to_frame(part, window, target),
        resampler.to_frame(answer, grid, frame)[target.inside],
        atol=1e-5,
    )
