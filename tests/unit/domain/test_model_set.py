"""A set is whole or it is refused, and its file is the old one or the new one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from serving.domain.errors import CorruptModel
from serving.domain.model_set import (
    ModelSet,
    Release,
    Route,
    ServedVersion,
    read_model_set,
    write_model_set,
)

DIGEST = "0" * 64


def _set(**changes: Any) -> ModelSet:
    """Two versions of a network, the older one stable, the newer one in a canary release."""
    parts: dict[str, Any] = {
        "generation": 3,
        "versions": tuple(
            ServedVersion(name="unet", version=number, manifest_sha256=DIGEST) for number in (1, 2)
        ),
        "labels": {"unet": {"stable": 1, "canary": 2}},
        "releases": tuple(
            Release(name="chest", version=number, pipeline="chest_ct", models={"unet": number})
            for number in (1, 2)
        ),
        "routes": (Route(pipeline="chest_ct", stable="chest@1", canary="chest@2", share=0.1),),
    }
    return ModelSet(**(parts | changes))


def test_a_whole_set_says_what_answers_and_what_studies_run() -> None:
    served = _set()
    assert served.stable("unet") == 1
    assert served.stable("another") is None
    assert served.keys == {("unet", 1), ("unet", 2)}
    route = served.route("chest_ct")
    assert route is not None
    canary = served.release(route.canary or "")
    assert canary is not None
    assert canary.models == {"unet": 2}
    assert route.references == ("chest@1", "chest@2")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"labels": {}}, "no version of unet is labelled stable"),
        ({"labels": {"unet": {"stable": 7}}}, "a label of unet names unet version 7"),
        (
            {"versions": _set().versions * 2},
            "version unet 1 is there twice",
        ),
        (
            {"releases": (*_set().releases, _set().releases[0])},
            "release chest@1 is there twice",
        ),
        ({"routes": _set().routes * 2}, "route chest_ct is there twice"),
        (
            {"releases": (Release(name="chest", version=1, pipeline="chest_ct", models={"x": 1}),)},
            "release chest@1 names x version 1",
        ),
        (
            {"routes": (Route(pipeline="chest_ct", stable="chest@9"),)},
            "the route of chest_ct names no release of it",
        ),
        (
            {"routes": (Route(pipeline="mammography", stable="chest@1"),)},
            "the route of mammography names no release of it",
        ),
    ],
)
def test_a_set_that_points_outside_itself_is_refused(
    changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        _set(**changes)


def test_a_committed_set_is_read_back_and_leaves_no_scratch_file(tmp_path: Path) -> None:
    path = tmp_path / "model-set.json"
    assert read_model_set(path) is None
    write_model_set(path, _set())
    write_model_set(path, _set(generation=4))
    assert read_model_set(path) == _set(generation=4)
    assert [found.name for found in tmp_path.iterdir()] == ["model-set.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"generation": -1}'])
def test_a_broken_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model-set.json"
    path.write_bytes(content)
    with pytest.raises(CorruptModel, match=r"model-set\.json cannot be read"):
        read_model_set(path)


def test_a_set_that_was_not_committed_leaves_the_old_one(tmp_path: Path) -> None:
    """Killed before the rename: the scratch file is there, the old set is read."""
    path = tmp_path / "model-set.json"
    write_model_set(path, _set())
    path.with_suffix(".new").write_text('{"generation": 9', "utf-8")
    assert read_model_set(path) == _set()
    write_model_set(path, _set(generation=4))
    assert read_model_set(path) == _set(generation=4)
