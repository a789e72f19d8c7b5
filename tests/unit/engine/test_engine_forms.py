"""Forms of fixed shapes: which one runs, who keeps memory, and what a later load reuses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.domain.tensor import Datatype, Tensor
from serving.engine.catalog import find_numbered
from serving.engine.compiled_model import CompiledModel
from serving.engine.compiler import CompileOptions
from serving.engine.runner import Runner
from serving.engine.runtime import ov
from tests.unit.engine import tiny_models as tiny
from tests.unit.engine.test_engine_frames import FRAMES, halving

SIZES = ((16, 16), (12, 12), (8, 12))


def load(tmp_path: Path, cache: bool = True) -> CompiledModel:
    repository = tmp_path / "repository"
    if not repository.exists():
        repository.mkdir()
        tiny.write_version(repository, "halving", halving(), extra=FRAMES)
    version = find_numbered([repository], "halving", 1)
    options = CompileOptions(1, 1, tmp_path / "cache" if cache else None)
    return CompiledModel.loaded(ov.Core(), version, "fp32", options)


def pixels(rows: int, columns: int, value: int = 3, count: int = 1) -> list[Tensor]:
    return [Tensor("hu", Datatype.INT16, np.full((count, 1, rows, columns), value, np.int16))]


def taken_shape(runner: Runner) -> list[Any]:
    return [str(size) for size in runner.source.inputs[0].partial_shape]


def answer(model: CompiledModel, inputs: Sequence[Tensor]) -> np.ndarray[Any, Any]:
    return np.asarray(model.run_once(inputs)[0].array)


@pytest.mark.parametrize(("rows", "columns"), SIZES)
def test_one_image_of_a_known_size_runs_on_the_form_of_that_size(
    tmp_path: Path, rows: int, columns: int
) -> None:
    model = load(tmp_path)
    runner = model.lend(pixels(rows, columns))
    assert taken_shape(runner) == ["1", "1", str(rows), str(columns)]
    model.give_back(runner)
    assert model.lend(pixels(rows, columns)) is runner


def test_several_images_at_once_run_on_the_open_form(tmp_path: Path) -> None:
    model = load(tmp_path)
    assert taken_shape(model.lend(pixels(8, 12, count=2))) == ["?", "1", "?", "?"]
    both = answer(model, pixels(8, 12, count=2))
    assert np.array_equal(both[:1], answer(model, pixels(8, 12)))


def test_an_answer_outlives_the_memory_of_its_form(tmp_path: Path) -> None:
    model = load(tmp_path)
    first = answer(model, pixels(16, 16, value=1))
    kept = first.copy()
    for value, (rows, columns) in enumerate(SIZES * 3):
        answer(model, pixels(rows, columns, value))
    assert np.array_equal(first, kept)
    assert np.array_equal(answer(model, pixels(16, 16, value=1)), kept)


def test_a_form_in_use_keeps_its_memory_until_it_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(tmp_path)
    released: list[list[str]] = []
    monkeypatch.setattr(
        "serving.engine.forms.Form.release",
        lambda form: released.append([str(size) for size in form.compiled.inputs[0].partial_shape]),
    )
    large = model.lend(pixels(16, 16))
    released.clear()
    small = model.lend(pixels(8, 12))
    assert released == []
    model.give_back(large)
    assert released == [["1", "1", "16", "16"]]
    model.give_back(small)
    assert len(released) == 1, "the form used last keeps its memory"
    model.lend(pixels(12, 12))
    assert released[1:] == [["1", "1", "8", "12"]]


def test_a_later_load_compiles_nothing(tmp_path: Path) -> None:
    assert not load(tmp_path).status.loaded_from_cache
    assert load(tmp_path).status.loaded_from_cache
    blob = max((tmp_path / "cache").rglob("*.blob"), key=lambda path: path.stat().st_size)
    blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    again = load(tmp_path)
    assert not again.status.loaded_from_cache
    assert answer(again, pixels(8, 12)) == pytest.approx(1 / (1 + np.exp(-6.0)))


def test_a_size_that_cannot_be_compiled_is_left_to_the_open_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.engine.compiler.Compiler.compile_for", lambda self, shapes: None)
    model = load(tmp_path, cache=False)
    assert taken_shape(model.lend(pixels(8, 12))) == ["?", "1", "?", "?"]
    assert answer(model, pixels(8, 12)).shape == (1, 1, 8, 12)


def test_a_disk_that_is_full_when_the_cache_is_sealed_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_cache: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr("serving.engine.compile_cache.CompileCache.seal", full)
        assert answer(load(tmp_path), pixels(8, 12)).shape == (1, 1, 8, 12)
    assert not load(tmp_path).status.loaded_from_cache
