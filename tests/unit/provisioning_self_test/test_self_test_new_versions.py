"""Every way to make a version gives it a self-test; in child processes, as a box does it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from provisioning.importer import ImportRequest, import_model
from provisioning.quantise.new_version import quantise_version
from provisioning.quantise.request import QuantiseRequest
from provisioning.self_test.tensor_file import write_tensors
from provisioning.trial.trial import SandboxTrial
from serving.domain.manifest import read_manifest
from serving.engine.runtime import ov
from serving.engine.settings import EngineSettings
from tests.unit.quantise.blob_network import (
    network,
    silent,
    squares,
    write_set,
    write_version,
)


def given_inputs(folder: Path) -> Path:
    hu = squares("asked", 1, seed=8).inputs
    write_tensors(folder / "given.npz", {"hu": hu})
    return folder / "given.npz"


def test_an_import_keeps_no_given_input_and_passes_its_trial(tmp_path: Path) -> None:
    ov.save_model(network(), tmp_path / "blobs.xml")
    request = ImportRequest(name="blobs", inputs=given_inputs(tmp_path))
    told: list[tuple[float, str]] = []
    folder = import_model(
        tmp_path / "blobs.xml",
        request,
        tmp_path / "models",
        lambda share, stage: told.append((share, stage)),
    )
    test = read_manifest(folder).self_test
    assert test is not None
    with np.load(folder / test.inputs.path) as asked:
        assert not np.array_equal(asked["hu"], squares("asked", 1, seed=8).inputs)
    assert "recording the self-test" in {stage for _, stage in told}
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    SandboxTrial(EngineSettings(), tmp_path / "cache", silent).try_version(folder, "blobs", 1)


def test_a_quantised_version_answers_what_its_source_was_asked(tmp_path: Path) -> None:
    old = write_version(tmp_path / "models")
    command = [sys.executable, "-m", "provisioning.self_test", old, "--inputs"]
    done = subprocess.run(
        [*command, given_inputs(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("recorded; allowed distances: fp32 0.02")
    wanted = QuantiseRequest(calibration=write_set(tmp_path, squares("calibration", 6)))
    new = read_manifest(quantise_version(old, 2, wanted, tmp_path / "models", silent))
    before = read_manifest(old).self_test
    assert new.self_test is not None
    assert before is not None
    assert new.self_test.inputs == before.inputs
    assert new.self_test.tolerances.keys() >= {"fp32", "int8"}
    SandboxTrial(
        EngineSettings(precisions={"blobs": "int8"}), tmp_path / "cache", silent
    ).try_version(tmp_path / "models/blobs/2", "blobs", 2)


def test_the_command_says_what_it_refuses(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "provisioning.self_test", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "model.toml cannot be read: FileNotFoundError\n"
