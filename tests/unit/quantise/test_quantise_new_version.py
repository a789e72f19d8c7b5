"""`aibox models quantize` on a real repository, the work in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from appliance.commands.model_versions import find_version, next_number
from appliance.commands.models_quantize import quantize
from provisioning.quantise.new_version import quantise_version
from provisioning.quantise.request import QuantiseRequest
from serving.domain.errors import CorruptModel, InvalidRequest, ModelNotFound
from serving.domain.manifest import read_manifest
from serving.engine.catalog import scan
from tests.unit.quantise.blob_network import silent, squares, write_set, write_version


def test_a_new_version_is_published_and_the_old_one_untouched(tmp_path: Path) -> None:
    old = write_version(tmp_path / "models")
    before = (old / "model.toml").read_bytes()
    shell = typer.Typer()
    shell.command()(quantize)
    arguments = ["blobs", "--repository", str(tmp_path / "models"), "--json"]
    arguments += ["--state", str(tmp_path / "state"), "--task", "segmentation"]
    for seed, name in enumerate(("calibration", "validation", "held_out"), start=1):
        path = write_set(tmp_path, squares(name, 12, seed=seed, low=448, high=552))
        arguments += [f"--{name.replace('_', '-')}", str(path)]
    done = CliRunner().invoke(shell, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["version"] == 2
    assert (old / "model.toml").read_bytes() == before
    made = read_manifest(tmp_path / "models/blobs/2")
    assert {"fp32", "int8"} <= set(made.variants)
    assert (tmp_path / "models/blobs/2/model_card.html").is_file()
    assert scan([tmp_path / "models"]).refused == ()
    assert {path.name for path in (tmp_path / "models").iterdir()} == {"blobs"}


def test_a_failure_leaves_the_repository_as_it_was(tmp_path: Path) -> None:
    old = write_version(tmp_path / "models")
    wanted = QuantiseRequest(calibration=tmp_path / "none.npz")
    with pytest.raises(InvalidRequest, match="calibration set none"):
        quantise_version(old, 2, wanted, tmp_path / "models", silent)
    assert {path.name for path in (tmp_path / "models/blobs").iterdir()} == {"1"}
    assert {path.name for path in (tmp_path / "models").iterdir()} == {"blobs"}


def test_a_changed_file_is_not_quantised(tmp_path: Path) -> None:
    old = write_version(tmp_path / "models")
    (old / "fp32/model.bin").write_bytes(b"other weights")
    wanted = QuantiseRequest(calibration=write_set(tmp_path, squares("calibration", 4)))
    with pytest.raises(CorruptModel, match="differs from the digest"):
        quantise_version(old, 2, wanted, tmp_path / "models", silent)


def test_versions_are_found_and_numbered_over_all_repositories(tmp_path: Path) -> None:
    first = write_version(tmp_path / "one")
    write_version(tmp_path / "two", version=4)
    places = (tmp_path / "one", tmp_path / "two", tmp_path / "absent")
    assert next_number(places, "blobs") == 5
    assert next_number(places, "others") == 1
    assert find_version(places, "blobs", 1) == first
    assert find_version(places, "blobs", None).name == "4"
    with pytest.raises(ModelNotFound, match="aibox models list"):
        find_version(places, "blobs", 2)
