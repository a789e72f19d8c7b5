"""The committed set, seen by a process that did not commit it."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.domain.errors import CorruptModel
from serving.domain.model_set import ModelSet, write_model_set
from serving.jobs.model_set_file import ModelSetFile


def _commit(path: Path, generation: int) -> ModelSet:
    model_set = ModelSet(generation=generation)
    write_model_set(path, model_set)
    return model_set


def test_every_commit_is_seen_and_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "model-set.json"
    sets = ModelSetFile(path)
    assert sets.current() is None
    for generation in range(1, 20):
        assert _commit(path, generation) == sets.current()
    assert sets.current() is sets.current()
    path.unlink()
    assert sets.current() is None


def test_a_broken_file_leaves_the_set_before_it_in_force(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "model-set.json"
    first = _commit(path, 1)
    sets = ModelSetFile(path)
    assert sets.current() == first
    path.write_text("{")
    assert sets.current() == first
    assert "stays in force" in caplog.text
    second = _commit(path, 2)
    assert sets.current() == second


def test_a_file_that_was_never_good_is_said_to_be_broken_each_time(tmp_path: Path) -> None:
    path = tmp_path / "model-set.json"
    path.write_text("{")
    sets = ModelSetFile(path)
    for _ in range(2):
        with pytest.raises(CorruptModel):
            sets.current()
