"""Shapes, inputs, parity, staging and the screen of exported programs, without a child."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from provisioning.importer.inputs import generate, given
from provisioning.importer.parity import largest_difference, require_parity
from provisioning.importer.port import Port
from provisioning.importer.program_screen import ScreenOrder, screen_program
from provisioning.importer.shapes import run_shapes
from provisioning.importer.staging import next_version, publish, staging
from serving.domain.errors import InvalidRequest, VersionExists
from serving.domain.manifest import Preprocessing
from serving.domain.tensor import Datatype

IMAGE = Port(name="x", datatype=Datatype.INT16, shape=(-1, 1, -1, -1))


def test_open_sizes_come_from_the_description() -> None:
    described = Preprocessing(rows=320, columns=192)
    assert run_shapes([IMAGE], {}, described) == {"x": (1, 1, 320, 192)}
    assert run_shapes([IMAGE], {}, None) == {"x": (1, 1, 256, 256)}
    assert run_shapes([IMAGE], {"x": (4, 1, 8, 8)}, described) == {"x": (4, 1, 8, 8)}


@pytest.mark.parametrize("shape", [(1, 2, 8, 8), (1, 1, 8), (1, 1, 0, 8), (1, 1, 10**6, 10**6)])
def test_shapes_that_do_not_fit_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidRequest, match="cannot have the shape"):
        run_shapes([IMAGE], {"x": shape}, None)


def test_generated_inputs_are_the_same_each_time_and_of_the_right_kind() -> None:
    ports = [IMAGE, Port(name="n", datatype=Datatype.INT64, shape=(3,))]
    shapes = {"x": (2, 1, 8, 8), "n": (3,)}
    first, second = generate(ports, shapes), generate(ports, shapes)
    assert [array.dtype for array in first] == [np.int16, np.int64]
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert set(np.unique(first[1])) <= {0, 1}


def test_given_inputs_must_be_those_of_the_model(tmp_path: Path) -> None:
    path = tmp_path / "inputs.npz"
    np.savez(path, x=np.zeros((1, 1, 4, 4), np.float32))
    with pytest.raises(InvalidRequest, match="the model takes INT16"):
        given(path, [IMAGE])
    np.savez(path, y=np.zeros(1))
    with pytest.raises(InvalidRequest, match="inputs are x"):
        given(path, [IMAGE])
    np.savez(path, x=np.array([object()], dtype=object))
    with pytest.raises(InvalidRequest, match="plain arrays"):
        given(path, [IMAGE])


def test_parity_is_relative_above_one_and_absolute_below() -> None:
    wanted, got = np.array([0.5, 100.0]), np.array([0.6, 101.0])
    assert largest_difference([wanted], [got], ["y"]) == pytest.approx(0.1)
    with pytest.raises(InvalidRequest, match="over the tolerance"):
        require_parity(0.1, 0.09, "onnxruntime")
    with pytest.raises(InvalidRequest, match="over the tolerance"):
        require_parity(float("nan"), 0.09, "onnxruntime")


def test_parity_minds_numbers_that_are_none() -> None:
    broken = np.array([1.0, np.nan])
    assert largest_difference([broken], [broken], ["y"]) == 0.0
    for wanted, got in ((broken, np.ones(2)), (np.ones(2), broken)):
        with pytest.raises(InvalidRequest, match="not finite"):
            largest_difference([wanted], [got], ["y"])
    with pytest.raises(InvalidRequest, match="shape"):
        largest_difference([np.ones(2)], [np.ones(3)], ["y"])


def test_what_a_killed_import_left_is_swept(tmp_path: Path) -> None:
    left = tmp_path / ".staging-dead"
    left.mkdir()
    (left / "lock").touch()
    with staging(tmp_path) as living, staging(tmp_path):
        assert not left.exists()
        assert living.work.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_version_is_published_whole_or_not(tmp_path: Path) -> None:
    for wanted in (1, 2):
        with staging(tmp_path) as places:
            (places.version / "model.toml").write_text("x")
            assert next_version(tmp_path, "m", None) == wanted
            publish(places.version, tmp_path, "m", wanted)
    with staging(tmp_path) as places, pytest.raises(VersionExists):
        publish(places.version, tmp_path, "m", 2)
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == ["1", "2"]


def screened(tmp_path: Path, program: object) -> zipfile.ZipFile:
    source, clean = tmp_path / "model.pt2", tmp_path / "clean.pt2"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("m/models/model.json", json.dumps(program))
        archive.writestr("m/data/sample_inputs/model.pt", b"\x80\x02.")
    screen_program(ScreenOrder(source=source, clean=clean), lambda share, stage: None)
    return zipfile.ZipFile(clean)


def test_nothing_that_could_run_is_left_of_a_program(tmp_path: Path) -> None:
    node = {"target": "torch.ops.aten.relu.default", "inputs": [], "metadata": {"a": "b"}}
    program = {"nodes": [node], "guards_code": ["import os"]}
    with screened(tmp_path, program) as clean:
        assert clean.read("program/data/sample_inputs/model.pt") == b""
        told = json.loads(clean.read("program/models/model.json"))
    assert told["guards_code"] == []
    assert told["nodes"][0]["metadata"] == {}


@pytest.mark.parametrize(
    "expression",
    [
        "().__class__",
        "s0.__class__",
        "open('x')",
        "eval(s0)",
        "[x for x in s0]",
        "Symbol('s0', positive=exit())",
        "lambda: 0",
    ],
)
def test_expressions_are_arithmetic_of_sizes(tmp_path: Path, expression: str) -> None:
    with pytest.raises(InvalidRequest, match="arithmetic"):
        screened(tmp_path, {"expr_str": expression})


def test_expressions_of_an_honest_export_pass(tmp_path: Path) -> None:
    text = "Mul(Integer(2), Symbol('s77', positive=True, integer=True)) + FloorDiv(s1, 16)"
    screened(tmp_path, {"expr_str": text}).close()


@pytest.mark.parametrize(
    "target",
    [
        "torch.os.system",
        "torch.ops.aten.__class__",
        "torch.ops.aten.relu.__globals__",
        "torch.ops.aten.from_file.default",
        "_operator.methodcaller",
        "math.__loader__",
        "#anything",
        7,
    ],
)
def test_targets_are_operators_of_aten(tmp_path: Path, target: object) -> None:
    with pytest.raises(InvalidRequest, match="which no import allows"):
        screened(tmp_path, {"nodes": [{"target": target, "inputs": []}]})
